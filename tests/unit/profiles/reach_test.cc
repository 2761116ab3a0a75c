// SPDX-License-Identifier: Apache-2.0
#include "profiles/reach/reach.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "profiles/reach/elf.h"
#include "profiles/reach/libc_calls.h"
#include "seccomp/compile.h"
#include "tests/unit/profiles/generator_cases.h"

namespace runward::profiles {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::UnorderedElementsAre;

// The smallest shared object: one loaded segment over all of it, and three symbols behind its dynamic section.
std::string small_elf(const std::vector<std::string>& imports, const std::string& defined) {
  constexpr std::size_t kDynamic = 256, kSymbols = 512, kHash = 1024, kStrings = 2048, kSize = 4096;
  std::string bytes(kSize, '\0');
  const auto put = [&](std::size_t at, const auto& value) { std::memcpy(bytes.data() + at, &value, sizeof value); };
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  put(0, header);
  Elf64_Phdr load{}, dynamic{};
  load.p_type = PT_LOAD;
  load.p_filesz = kSize;
  dynamic.p_type = PT_DYNAMIC;
  dynamic.p_offset = kDynamic;
  put(sizeof header, load);
  put(sizeof header + sizeof load, dynamic);
  const std::vector<std::pair<Elf64_Sxword, std::uint64_t>> entries = {
      {DT_STRTAB, kStrings}, {DT_SYMTAB, kSymbols}, {DT_HASH, kHash}, {DT_SONAME, 1}, {DT_NULL, 0}};
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Elf64_Dyn entry{};
    entry.d_tag = entries[i].first;
    entry.d_un.d_val = entries[i].second;
    put(kDynamic + i * sizeof entry, entry);
  }
  std::string strings = std::string(1, '\0') + "libx.so.1" + '\0';
  std::uint32_t count = 1;
  const auto add = [&](const std::string& name, Elf64_Section section) {
    Elf64_Sym symbol{};
    symbol.st_name = static_cast<Elf64_Word>(strings.size());
    symbol.st_shndx = section;
    put(kSymbols + count++ * sizeof symbol, symbol);
    strings += name + '\0';
  };
  for (const std::string& name : imports) add(name, SHN_UNDEF);
  add(defined, 7);
  put(kHash + sizeof(std::uint32_t), count);
  std::memcpy(bytes.data() + kStrings, strings.data(), strings.size());
  return bytes;
}

TEST(ElfFile, TellsWhatItImportsAndNotWhatItDefines) {
  const auto elf = parse_elf(small_elf({"read", "__open64_2"}, "main"));
  ASSERT_TRUE(elf) << elf.error().message;
  EXPECT_TRUE(elf->is_dynamic);
  EXPECT_EQ(elf->library, "libx.so.1");
  EXPECT_THAT(elf->imports, UnorderedElementsAre("read", "__open64_2"));
}

TEST(ElfFile, ARealOne) {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  const auto elf = parse_elf(bytes);
  ASSERT_TRUE(elf) << elf.error().message;
  EXPECT_THAT(elf->imports, Contains("memcpy"));
}

TEST(ElfFile, WhatIsNoneIsSaid) {
  EXPECT_FALSE(is_elf("#!/bin/sh\n"));
  EXPECT_THAT(parse_elf("#!/bin/sh\n").error().message, HasSubstr("no ELF"));
  EXPECT_FALSE(parse_elf("\177ELF"));
  std::string narrow = small_elf({}, "x");
  narrow[EI_CLASS] = ELFCLASS32;
  EXPECT_THAT(parse_elf(narrow).error().message, HasSubstr("64 bits"));
}

// Under the sanitizers this is what it is for: cut short anywhere, and with any byte another one.
TEST(ElfFile, WhateverIsInItNothingIsReadBeyondItsEnd) {
  std::mt19937 random(5);  // NOLINT(cert-msc51-cpp): the same files in every run
  const std::string whole = small_elf({"read", "write", "open"}, "main");
  for (std::size_t length = 0; length < whole.size(); length += 13)
    static_cast<void>(parse_elf(whole.substr(0, length)));
  for (int i = 0; i < 3000; ++i) {
    std::string changed = whole;
    for (int k = 0; k < 4; ++k) changed[random() % 1100] = static_cast<char>(random());
    const auto elf = parse_elf(changed);
    EXPECT_TRUE(!elf || elf->imports.size() < 4096U);
  }
}

TEST(LibcCalls, ByTheNameOfTheFunction) {
  const auto calls = [](const char* import) { return calls_of_import(import, "SCMP_ARCH_X86_64"); };
  EXPECT_THAT(calls("epoll_ctl"), ElementsAre("epoll_ctl"));
  EXPECT_THAT(calls("__read_chk"), ElementsAre("read"));
  EXPECT_THAT(calls("__open64_2"), ElementsAre("open"));
  EXPECT_THAT(calls("sendfile64"), ElementsAre("sendfile"));
  EXPECT_THAT(calls("getaddrinfo"), IsSupersetOf({"socket", "sendto", "poll", "openat"}));
  EXPECT_THAT(calls("pthread_create"), IsSupersetOf({"clone", "futex", "set_robust_list"}));
  EXPECT_THAT(calls("memcpy"), IsEmpty());
  EXPECT_THAT(calls("SSL_read"), IsEmpty());
  EXPECT_THAT(calls("fopen freopen"), IsEmpty());
  EXPECT_THAT(calls(""), IsEmpty());
}

// A name that is none would be no call of any machine, and nobody would miss it.
TEST(LibcCalls, EveryCallOfTheTableIsOne) {
  for (const char* function : {"malloc",    "fopen",  "fread",  "fwrite",         "opendir",  "mkstemp",    "stat",
                               "realpath",  "isatty", "system", "pthread_create", "sysconf",  "initgroups", "setuid",
                               "sigwait",   "sleep",  "select", "getaddrinfo",    "getpwnam", "getifaddrs", "syslog",
                               "localtime", "abort",  "daemon", "aio_read",       "dlopen"})
    for (const std::string& call : calls_of_import(function, "SCMP_ARCH_X86_64"))
      EXPECT_TRUE(seccomp::syscall_number(call, "SCMP_ARCH_X86_64")) << function << ": " << call;
}

class RootFilesystem : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/reach.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    std::filesystem::create_directory(root_ / "bin");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void put(const std::string& name, const std::string& bytes) { std::ofstream(root_ / "bin" / name) << bytes; }
  [[nodiscard]] Result<Reach> look(const std::vector<std::string>& paths) const {
    Files files;
    for (const std::string& path : paths) files[path].execute = true;
    files["/etc/passwd"].read = true;
    return look_at_executables(root_, files, "SCMP_ARCH_X86_64");
  }
  std::filesystem::path root_;
};

TEST_F(RootFilesystem, WhatItsExecutablesImport) {
  put("server", small_elf({"sendfile64"}, "main"));
  const auto reach = look({"/bin/server"});
  ASSERT_TRUE(reach) << reach.error().message;
  EXPECT_EQ(reach->calls.at("sendfile"), "/bin/server imports sendfile64");
  EXPECT_EQ(reach->examined, 1U);
  EXPECT_THAT(reach->unseen, IsEmpty());
}

TEST_F(RootFilesystem, WhatIsNotSeenIsSaid) {
  put("raw", small_elf({"syscall", "dlopen"}, "main"));
  put("static", small_elf({}, "main").replace(64 + sizeof(Elf64_Phdr), 4, std::string(4, '\0')));
  put("script", "#!/bin/sh\n");
  const auto reach = look({"/bin/gone", "/bin/raw", "/bin/static", "/bin/script"});
  ASSERT_TRUE(reach);
  EXPECT_THAT(reach->unseen, UnorderedElementsAre(HasSubstr("/bin/gone: it is not there"),
                                                  HasSubstr("/bin/raw: it makes calls by number"),
                                                  HasSubstr("/bin/raw: it loads libraries"),
                                                  HasSubstr("/bin/static: it is statically linked")));
}

TEST_F(RootFilesystem, LinksLeadIntoItAndNothingElseIsOpened) {
  std::filesystem::create_symlink("/proc/self/exe", root_ / "bin" / "out");
  std::filesystem::create_symlink("../../../../../../bin/sh", root_ / "bin" / "up");
  ASSERT_EQ(::mkfifo((root_ / "bin" / "fifo").c_str(), 0600), 0);
  const auto reach = look({"/bin/out", "/bin/up", "/bin/fifo", "/bin"});
  ASSERT_TRUE(reach);
  EXPECT_EQ(reach->examined, 0U);
  EXPECT_THAT(reach->unseen, testing::SizeIs(4));
}

TEST_F(RootFilesystem, OfACLibraryNothingIsCounted) {
  put("libc", small_elf({"read"}, "open").replace(2048 + 1, 9, std::string("libc.so.6")));
  const auto reach = look({"/bin/libc"});
  ASSERT_TRUE(reach);
  EXPECT_THAT(reach->calls, IsEmpty());
}

TEST(StaticHeadroom, AddsWhatIsReachableWithinTheParent) {
  GenerateOptions options{.name = "web", .headroom = Headroom::reachable};
  options.reach = {.calls = {{"umask", "/bin/x imports umask"},
                             {"ptrace", "/bin/x imports ptrace"},
                             {"socket", "/bin/x imports socket"},
                             {"rename", "/bin/x imports rename"}},
                   .examined = 1,
                   .unseen = {"/bin/y: it is statically linked"}};
  const auto made = generate({recording_of("a", {"read"})}, options, default_parent());
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->seccomp.reasons.at("umask"), "/bin/x imports umask");
  EXPECT_EQ(made->seccomp.reasons.at("renameat"), "as rename");
  EXPECT_FALSE(made->seccomp.reasons.contains("ptrace"));
  EXPECT_FALSE(made->seccomp.reasons.contains("socket"));
  EXPECT_THAT(made->seccomp.reached_only, ElementsAre("socket"));
  const std::string& report = made->files.at("REPORT.md");
  EXPECT_THAT(report, HasSubstr("headroom `static`"));
  EXPECT_THAT(report, HasSubstr("JITs"));
  EXPECT_THAT(report, HasSubstr("/bin/y: it is statically linked"));
}

}  // namespace
}  // namespace runward::profiles

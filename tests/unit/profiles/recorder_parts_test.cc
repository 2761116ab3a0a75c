// SPDX-License-Identifier: Apache-2.0

// The parts of the recorder that need no kernel: what they make of the texts that the kernel gives, and the programs as
// instructions. That they see the right things is integration/record.bats' matter.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "profiles/recorder/bpf_code.h"
#include "profiles/recorder/call_names.h"
#include "profiles/recorder/executable_names.h"
#include "profiles/recorder/file_watch.h"
#include "profiles/recorder/samples.h"
#include "profiles/recorder/upper.h"

namespace runward::profiles::record {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Ports, AreThoseThatAreListenedOn) {
  std::set<Port> ports;
  add_ports(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0\n"
      "   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0\n"
      "   2: 0B00007F:A000 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0\n",
      "tcp", ports);
  add_ports("header\n  10: 00000000000000000000000000000000:14E9 00000000000000000000000000000000:0000 07 0:0 0:0 0\n",
            "udp", ports);
  EXPECT_THAT(ports, ElementsAre(Port{"tcp", 80}, Port{"udp", 5353}));
}

TEST(Ports, OfABrokenTextAreNone) {
  std::set<Port> ports;
  for (const std::string text : {"", "\n", "h\n 1:\n", "h\n0: x y 0A\n", "h\n0: 0:ZZ 0:0 0A\n", "h\n0: 0:0 0:0 0A\n"})
    add_ports(text, "tcp", ports);
  EXPECT_THAT(ports, IsEmpty());
}

TEST(StatValue, IsTheOneOfThatNameOnly) {
  EXPECT_EQ(stat_value("anon 12\nanon_thp 5\nfile 7\n", "file"), 7U);
  EXPECT_EQ(stat_value("anon_thp 5\n", "anon"), std::nullopt);
  EXPECT_EQ(stat_value("anon\nfile x\n", "file"), std::nullopt);
}

TEST(InsideId, IsThatOfTheMapsLine) {
  constexpr std::string_view kMap = "         0     200000      65536\n     70000          5          1\n";
  EXPECT_EQ(inside_id(kMap, 200033), 33U);
  EXPECT_EQ(inside_id(kMap, 5), 70000U);
  EXPECT_EQ(inside_id(kMap, 0), std::nullopt);
  EXPECT_EQ(inside_id(kMap, 265536), std::nullopt);
  EXPECT_EQ(inside_id("         0          0 4294967295\n", 33), 33U);
}

TEST(FirstProcess, IsNumberOneOfTheInnermostNamespace) {
  EXPECT_TRUE(is_first_process("Name:\tsh\nNSpid:\t4711\t1\nUid:\t0\n"));
  EXPECT_TRUE(is_first_process("NSpid:\t4711\t12\t1\n"));
  EXPECT_FALSE(is_first_process("NSpid:\t4711\t7\n"));
  EXPECT_FALSE(is_first_process("NSpid:\t1\n"));  // the host's own
  EXPECT_FALSE(is_first_process(""));
}

TEST(WithoutPids, ReplacesWhatDiffersFromRunToRun) {
  EXPECT_EQ(without_pids("/proc/17/task/18/stat"), "/proc/@{pid}/task/@{pid}/stat");
  EXPECT_EQ(without_pids("/proc/sys/kernel/pid_max"), "/proc/sys/kernel/pid_max");
  EXPECT_EQ(without_pids("/proc/17/fd/3"), "/proc/@{pid}/fd/3");
  EXPECT_EQ(without_pids("/var/proc/17"), "/var/proc/17");
  EXPECT_EQ(without_pids("/proc/"), "/proc/");
}

TEST(CallNames, KnowTheAbis) {
  const auto name = [](std::uint32_t number, Abi abi) {
    const NamedCall call = name_of_call(number, abi, "x86_64");
    return call.architecture + " " + call.name;
  };
  EXPECT_EQ(name(257, Abi::native), "x86_64 openat");
  EXPECT_EQ(name(20, Abi::compat), "x86 getpid");
  EXPECT_EQ(name(0x40000000 + 257, Abi::native), "x32 openat");
  EXPECT_EQ(name(4000, Abi::native), "x86_64 #4000");
  EXPECT_EQ(name_of_call(56, Abi::native, "aarch64").name, "openat");
}

TEST(CallNames, AreFoundBothWays) {
  for (const RecordedArguments& recorded : kRecordedArguments) {
    const auto number = number_of_call(recorded.call, "x86_64");
    ASSERT_TRUE(number) << recorded.call;
    EXPECT_EQ(name_of_call(*number, Abi::native, "x86_64").name, recorded.call);
  }
  EXPECT_EQ(number_of_call("open", "aarch64"), std::nullopt);
  EXPECT_EQ(number_of_call("no_such_call", "x86_64"), std::nullopt);
}

TEST(Layout, KnowsWhereTheKernelKeepsTheAbi) {
  EXPECT_EQ(layout_of("x86_64", "5.10.0-28-amd64")->compat_offset, 8);
  EXPECT_EQ(layout_of("x86_64", "5.11.0")->compat_offset, 16);
  EXPECT_EQ(layout_of("x86_64", "6.1.0-30-amd64")->compat_offset, 16);
  EXPECT_FALSE(layout_of("riscv64", "6.12.0"));
}

TEST(Code, ResolvesJumpsForwards) {
  Code code;
  const Label end = code.new_label();
  code.jump_if(Jump::equal, Reg::r0, 0, end);
  code.set_wide(Reg::r1, 0x1'0000'0002);
  code.bind(end);
  code.leave();
  const auto instructions = code.finish();
  ASSERT_EQ(instructions.size(), 5U);
  EXPECT_EQ(instructions[0].off, 2);  // a wide instruction takes the place of two
  EXPECT_EQ(instructions[1].imm, 2);
  EXPECT_EQ(instructions[2].imm, 1);
  EXPECT_EQ(instructions[4].code, BPF_JMP | BPF_EXIT);
}

// --- with files -----------------------------------------------------------------------------

class Folder {
 public:
  Folder() {
    std::string path = testing::TempDir() + "runward-recorder.XXXXXX";
    path_ = ::mkdtemp(path.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  void write(const std::string& name) const {
    std::filesystem::create_directories(std::filesystem::path(*this / name).parent_path());
    std::ofstream(*this / name) << "x";
  }

 private:
  std::string path_;
};

TEST(ExecutableNames, ComeFromWhatWasExecutedThenFromLinks) {
  const Folder root;
  root.write("usr/bin/python3.11");
  root.write("bin/busybox");
  std::filesystem::create_symlink("python3.11", root / "usr/bin/python3");
  std::filesystem::create_symlink("/bin/busybox", root / "bin/ls");  // absolute: the root is not the host's
  const UniqueFd fd(::open((root / "").c_str(), O_PATH | O_DIRECTORY));
  Files files;
  files["/opt/app/server"].execute = true;
  files["/usr/lib/a-very-long-program-name"].execute = true;
  files["/usr/bin/twice"].execute = true;
  files["/opt/twice"].execute = true;
  files["/etc/passwd"].read = true;
  ExecutableNames names(files, fd);
  EXPECT_EQ(names.name_of("server"), "/opt/app/server");
  EXPECT_EQ(names.name_of("a-very-long-pro"), "/usr/lib/a-very-long-program-name");
  EXPECT_EQ(names.name_of("twice"), "[twice]");
  EXPECT_EQ(names.name_of("passwd"), "[passwd]");
  EXPECT_EQ(names.name_of("python3").substr(names.name_of("python3").rfind("/usr/bin")), "/usr/bin/python3.11");
  EXPECT_EQ(names.name_of("ls").substr(names.name_of("ls").rfind("/bin")), "/bin/busybox");
  EXPECT_EQ(names.name_of(""), "[?]");
  EXPECT_EQ(names.name_of("../bin/busybox"), "[../bin/busybox]");
}

TEST(Upper, TellsWhatWasThereFromWhatIsNew) {
  const Folder layers;
  layers.write("lower1/etc/group");
  layers.write("lower0/etc/passwd");
  layers.write("upper/etc/group");
  layers.write("upper/etc/new/file");
  std::filesystem::create_directories(layers / "elsewhere");
  layers.write("elsewhere/secret");
  std::filesystem::create_directory_symlink(layers / "elsewhere", layers / "upper/link");
  const auto seen = walk_upper({.upper = layers / "upper", .lower = {layers / "lower1", layers / "lower0"}});
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_TRUE(seen->is_whole);
  EXPECT_THAT(seen->upper.created, ElementsAre("/etc/new", "/etc/new/file", "/link"));
  EXPECT_THAT(seen->upper.written, ElementsAre("/etc/group"));
}

TEST(Upper, TakesWhiteoutsForDeletions) {
  const Folder layers;
  layers.write("lower/etc/passwd");
  std::filesystem::create_directories(layers / "upper/etc");
  if (::mknod((layers / "upper/etc/passwd").c_str(), S_IFCHR, 0) != 0) GTEST_SKIP() << "not allowed here";
  const auto seen = walk_upper({.upper = layers / "upper", .lower = {layers / "lower"}});
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_THAT(seen->upper.deleted, ElementsAre("/etc/passwd"));
  EXPECT_THAT(seen->upper.created, IsEmpty());
}

TEST(Upper, AFileThatALayerBetweenHadDeletedIsNew) {
  const Folder layers;
  layers.write("lower0/a");
  std::filesystem::create_directories(layers / "lower1");
  if (::mknod((layers / "lower1/a").c_str(), S_IFCHR, 0) != 0) GTEST_SKIP() << "not allowed here";
  layers.write("upper/a");
  const auto seen = walk_upper({.upper = layers / "upper", .lower = {layers / "lower1", layers / "lower0"}});
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_THAT(seen->upper.created, ElementsAre("/a"));
}

TEST(Upper, OneThatIsGoneIsAnError) { EXPECT_FALSE(walk_upper({.upper = "/nonexistent/upper", .lower = {}})); }

}  // namespace
}  // namespace runward::profiles::record

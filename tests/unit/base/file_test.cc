// SPDX-License-Identifier: Apache-2.0
#include "shim/base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace runward {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class File : public testing::Test {
 public:
  File(const File&) = delete;
  File& operator=(const File&) = delete;

 protected:
  // Below the source tree's build, not /tmp: /tmp is writable by all, which is what some tests ask about.
  File() : folder_(std::filesystem::current_path() / ("file_test." + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  }
  ~File() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream stream(path(name));
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) all.push_back(entry.path().filename());
    return all;
  }
  [[nodiscard]] struct stat status(const std::string& name) const {
    struct stat result {};
    EXPECT_EQ(::lstat(path(name).c_str(), &result), 0) << name;
    return result;
  }
  [[nodiscard]] Status check(const std::string& name) const {
    const UniqueFd fd(::open(path(name).c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(fd);
    return check_only_root_writes(fd, path(name));
  }
  // Whether the folders above are root's alone, so that only what the test does counts.
  [[nodiscard]] bool folders_above_are_roots() const {
    const UniqueFd fd(::open(folder_.c_str(), O_RDONLY | O_CLOEXEC));
    return ::geteuid() == 0 && check_only_root_writes(fd, folder_);
  }

  std::filesystem::path folder_;
};

TEST_F(File, OpenRegularRefusesASymbolicLink) {
  write("file", "x");
  std::filesystem::create_symlink("file", path("link"));
  const auto opened = open_regular(AT_FDCWD, path("link"));
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("symbolic link"));
}

TEST_F(File, OpenRegularRefusesFoldersAndPipesWithoutBlocking) {
  std::filesystem::create_directory(path("folder"));
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_FALSE(open_regular(AT_FDCWD, path("folder")));
  EXPECT_FALSE(open_regular(AT_FDCWD, path("pipe")));
  EXPECT_FALSE(open_regular(AT_FDCWD, "/dev/null"));
}

TEST_F(File, OpenedFilesAreClosedOnExec) {
  write("file", "x");
  const auto opened = open_regular(AT_FDCWD, path("file"));
  ASSERT_TRUE(opened);
  EXPECT_NE(::fcntl(opened->get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(File, ReadFileIsBounded) {
  write("file", "0123456789");
  const auto whole = read_file(path("file"), 10);
  ASSERT_TRUE(whole);
  EXPECT_EQ(*whole, "0123456789");
  const auto too_much = read_file(path("file"), 9);
  ASSERT_FALSE(too_much);
  EXPECT_THAT(too_much.error().message, HasSubstr("larger than 9 bytes"));
}

TEST_F(File, ReadAllIsBoundedOnAPipeToo) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd from(ends[0]);
  {
    const UniqueFd to(ends[1]);
    ASSERT_TRUE(write_all(to.get(), "0123456789", "pipe"));
  }
  EXPECT_FALSE(read_all(from, 9, "pipe"));
}

TEST_F(File, ReadFileSpeaksOfAMissingFileInWordsThatEnginesDoNotKnow) {
  const auto missing = read_file(path("missing"), 10);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, testing::EndsWith("': not found"));
  EXPECT_EQ(missing.error().code, std::errc::no_such_file_or_directory);
}

TEST_F(File, ReplaceFileKeepsModeAndOwner) {
  write("config.json", "old");
  ASSERT_EQ(::chmod(path("config.json").c_str(), 0640), 0);
  const bool is_root = ::geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(::chown(path("config.json").c_str(), 1234, 4321), 0);
  }
  const auto directory = open_directory(folder_);
  ASSERT_TRUE(directory);
  ASSERT_TRUE(replace_file(*directory, "config.json", "new", 0600));
  EXPECT_EQ(read("config.json"), "new");
  EXPECT_EQ(status("config.json").st_mode & 07777, 0640U);
  if (is_root) {
    EXPECT_EQ(status("config.json").st_uid, 1234U);
    EXPECT_EQ(status("config.json").st_gid, 4321U);
  }
  EXPECT_THAT(names(), ElementsAre("config.json"));
}

TEST_F(File, ReplaceFileMakesANewOneWithTheModeThatWasGiven) {
  const auto directory = open_directory(folder_);
  ASSERT_TRUE(directory);
  ASSERT_TRUE(replace_file(*directory, "new", "text", 0604));
  EXPECT_EQ(read("new"), "text");
  EXPECT_EQ(status("new").st_mode & 07777, 0604U);
}

TEST_F(File, ReplaceFileReplacesASymbolicLinkAndNotItsTarget) {
  write("target", "precious");
  std::filesystem::create_symlink("target", path("link"));
  const auto directory = open_directory(folder_);
  ASSERT_TRUE(directory);
  ASSERT_TRUE(replace_file(*directory, "link", "text", 0600));
  EXPECT_EQ(read("target"), "precious");
  EXPECT_TRUE(S_ISREG(status("link").st_mode));
}

TEST_F(File, ReplaceFileLeavesNothingBehindWhenItFails) {
  std::filesystem::create_directory(path("taken"));  // rename(2) of a file over a folder fails
  const auto directory = open_directory(folder_);
  ASSERT_TRUE(directory);
  EXPECT_FALSE(replace_file(*directory, "taken", "text", 0600));
  EXPECT_THAT(names(), ElementsAre("taken"));
}

TEST_F(File, CheckOnlyRootWritesAcceptsRootsOwn) {
  if (!folders_above_are_roots()) GTEST_SKIP() << "not root, or the build folder is not root's alone";
  write("file", "x");
  EXPECT_TRUE(check("file"));
}

TEST_F(File, CheckOnlyRootWritesRefusesFilesThatOthersWrite) {
  if (!folders_above_are_roots()) GTEST_SKIP() << "not root, or the build folder is not root's alone";
  for (const mode_t mode : {0664, 0646, 0666}) {
    write("file", "x");
    ASSERT_EQ(::chmod(path("file").c_str(), mode), 0);
    EXPECT_FALSE(check("file")) << std::oct << mode;
  }
  ASSERT_EQ(::chmod(path("file").c_str(), 0600), 0);
  ASSERT_EQ(::chown(path("file").c_str(), 1000, 0), 0);
  EXPECT_FALSE(check("file"));
}

TEST_F(File, CheckOnlyRootWritesRefusesFoldersThatOthersWrite) {
  if (!folders_above_are_roots()) GTEST_SKIP() << "not root, or the build folder is not root's alone";
  std::filesystem::create_directories(path("a/b"));
  write("a/b/file", "x");
  EXPECT_TRUE(check("a/b/file"));
  for (const mode_t mode : {0775, 0757, 01777}) {
    ASSERT_EQ(::chmod(path("a").c_str(), mode), 0);
    EXPECT_FALSE(check("a/b/file")) << std::oct << mode;
  }
  ASSERT_EQ(::chmod(path("a").c_str(), 0755), 0);
  ASSERT_EQ(::chown(path("a").c_str(), 1000, 0), 0);
  EXPECT_FALSE(check("a/b/file"));
}

TEST_F(File, CheckOnlyRootWritesTakesTheStickyTmpForWritable) {
  std::string name = "/tmp/file_test.XXXXXX";
  const UniqueFd fd(::mkstemp(name.data()));
  ASSERT_TRUE(fd);
  EXPECT_FALSE(check_only_root_writes(fd, name));
  ::unlink(name.c_str());
}

TEST_F(File, AppendLineMakesFileAndFolder) {
  ASSERT_TRUE(append_line(path("log/events"), "one\n"));
  ASSERT_TRUE(append_line(path("log/events"), "two\n"));
  EXPECT_EQ(read("log/events"), "one\ntwo\n");
  EXPECT_EQ(status("log/events").st_mode & 0777 & ~0640U, 0U);
}

TEST_F(File, AppendLineRefusesASymbolicLink) {
  write("target", "");
  std::filesystem::create_symlink("target", path("link"));
  EXPECT_FALSE(append_line(path("link"), "x\n"));
  EXPECT_EQ(read("target"), "");
}

TEST_F(File, AppendLineDoesNotWaitForAReaderOfAPipe) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_FALSE(append_line(path("pipe"), "x\n"));
}

TEST_F(File, AppendLineTellsOfAFullDisk) { EXPECT_FALSE(append_line("/dev/full", "x\n")); }

TEST_F(File, AppendLineNeverMixesLinesOfParallelProcesses) {
  constexpr int kProcesses = 8;
  constexpr int kLines = 200;
  constexpr std::size_t kLength = 3000;
  for (int process = 0; process < kProcesses; ++process) {
    if (::fork() != 0) continue;
    const std::string line = std::string(kLength, static_cast<char>('a' + process)) + "\n";
    for (int i = 0; i < kLines; ++i)
      if (!append_line(path("events"), line)) ::_exit(1);
    ::_exit(0);
  }
  for (int process = 0; process < kProcesses; ++process) {
    int result = 0;
    ASSERT_GT(::wait(&result), 0);
    EXPECT_EQ(result, 0);
  }
  std::map<char, int> lines;
  std::ifstream stream(path("events"));
  for (std::string line; std::getline(stream, line);) {
    ASSERT_EQ(line.size(), kLength);
    ASSERT_EQ(line.find_first_not_of(line[0]), std::string::npos);
    ++lines[line[0]];
  }
  EXPECT_EQ(lines.size(), static_cast<std::size_t>(kProcesses));
  for (const auto& [letter, count] : lines) EXPECT_EQ(count, kLines) << letter;
}

TEST_F(File, IsSetAsideUnderTheFirstFreeNumber) {
  const auto folder = open_directory(path(""));
  ASSERT_TRUE(folder);
  EXPECT_TRUE(set_aside(*folder, "web.json"));  // there is none
  EXPECT_THAT(names(), testing::IsEmpty());
  write("web~2.json", "second");
  for (const std::string text : {"a", "b"}) {
    write("web.json", text);
    EXPECT_TRUE(set_aside(*folder, "web.json"));
  }
  EXPECT_THAT(names(), testing::UnorderedElementsAre("web~1.json", "web~2.json", "web~3.json"));
  EXPECT_EQ(read("web~1.json") + read("web~2.json") + read("web~3.json"), "asecondb");
}

TEST_F(File, StaysWhereNinetyNineAreSetAside) {
  const auto folder = open_directory(path(""));
  ASSERT_TRUE(folder);
  for (int i = 0; i < 101; ++i) {
    write("a.b.json", std::to_string(i));
    EXPECT_TRUE(set_aside(*folder, "a.b.json"));
  }
  EXPECT_EQ(names().size(), 100U);
  EXPECT_EQ(read("a.b~99.json"), "98");
  EXPECT_EQ(read("a.b.json"), "100");
}

}  // namespace
}  // namespace runward

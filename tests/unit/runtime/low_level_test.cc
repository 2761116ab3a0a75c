// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/low_level.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/unit/runtime/temporary_directory.h"

namespace runward::runtime {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kName = "runward-test-runtime";  // in no directory of this host

template <typename T>
std::string error_of(const Result<T>& result) {
  return result ? "(found)" : result.error().message;
}

fs::path ourselves() { return fs::read_symlink("/proc/self/exe"); }

TEST(FindLowLevel, TakesTheFirstInPath) {
  const TemporaryDirectory first;
  const TemporaryDirectory second;
  const std::string expected = first.program(kName, "true");
  (void)second.program(kName, "true");
  const auto found = find_low_level(kName, first.path().string() + ":" + second.path().string());
  ASSERT_TRUE(found) << error_of(found);
  EXPECT_EQ(found->path, expected);
}

TEST(FindLowLevel, LooksIntoTheUsualDirectoriesWhenPathHasNone) {
  const auto found = find_low_level("sh", "");
  ASSERT_TRUE(found) << error_of(found);
  EXPECT_THAT(found->path, ::testing::EndsWith("/bin/sh"));
}

TEST(FindLowLevel, SaysWhatWasSearched) {
  const std::string message = error_of(find_low_level(kName, "/opt/a:relative::/opt/b:/usr/bin"));
  EXPECT_EQ(message,
            "low-level runtime 'runward-test-runtime' not found in "
            "'/opt/a:/opt/b:/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin'");
}

TEST(FindLowLevel, IsNeverOurselvesByAnyName) {
  const TemporaryDirectory directory;
  fs::create_directories(directory.path() / "a");
  fs::create_directories(directory.path() / "b");
  fs::create_symlink(ourselves(), directory.path() / "a" / kName);
  fs::create_symlink("../a/" + std::string(kName), directory.path() / "b" / kName);
  const std::string path = directory.path().string() + "/a:" + directory.path().string() + "/b";
  EXPECT_THAT(error_of(find_low_level(kName, path)), HasSubstr("only runward itself"));

  const std::string real = directory.program(kName, "true");
  const auto found = find_low_level(kName, path + ":" + directory.path().string());
  ASSERT_TRUE(found) << error_of(found);
  EXPECT_EQ(found->path, real);
}

TEST(FindLowLevel, IsWhatLockdownSetAsideWhereWeStand) {
  const TemporaryDirectory directory;
  fs::create_symlink(ourselves(), directory.path() / kName);
  const std::string real = directory.program(kName + std::string(kSetAsideSuffix), "true");
  for (const std::string& configured : {std::string(kName), (directory.path() / kName).string()}) {
    const auto found = find_low_level(configured, directory.path());
    ASSERT_TRUE(found) << error_of(found);
    EXPECT_EQ(found->path, real);
  }
}

// As Debian's /usr/bin/runc, a link to ../sbin/runc, when both are locked.
TEST(FindLowLevel, FollowsALinkThatWasSetAside) {
  const TemporaryDirectory directory;
  const fs::path bin = directory.path() / "bin";
  const fs::path sbin = directory.path() / "sbin";
  const std::string aside = kName + std::string(kSetAsideSuffix);
  for (const fs::path& folder : {bin, sbin}) {
    fs::create_directories(folder);
    fs::create_symlink(ourselves(), folder / kName);
  }
  fs::create_symlink("../sbin/" + std::string(kName), bin / aside);
  const std::string real = directory.program("sbin/" + aside, "true");
  for (const std::string& configured : {std::string(kName), (bin / kName).string()}) {
    const auto found = find_low_level(configured, bin);
    ASSERT_TRUE(found) << error_of(found);
    EXPECT_EQ(found->path, real);
  }
}

TEST(FindLowLevel, EndsWhereWhatWasSetAsideLeadsInACircle) {
  const TemporaryDirectory directory;
  fs::create_symlink(ourselves(), directory.path() / kName);
  fs::create_symlink(kName, directory.path() / (kName + std::string(kSetAsideSuffix)));
  EXPECT_THAT(error_of(find_low_level(kName, directory.path())), HasSubstr("only runward itself"));
}

TEST(FindLowLevel, IsNotSetAsideWhereTheRealOneStandsFirst) {
  const TemporaryDirectory first;
  const TemporaryDirectory second;
  const std::string real = first.program(kName, "true");
  (void)first.program(kName + std::string(kSetAsideSuffix), "true");
  fs::create_symlink(ourselves(), second.path() / kName);
  const auto found = find_low_level(kName, first.path().string() + ":" + second.path().string());
  ASSERT_TRUE(found) << error_of(found);
  EXPECT_EQ(found->path, real);
}

TEST(FindLowLevel, IsNotUsWhereUsIsWhatWasSetAside) {
  const TemporaryDirectory directory;
  fs::create_symlink(ourselves(), directory.path() / kName);
  fs::create_symlink(ourselves(), directory.path() / (kName + std::string(kSetAsideSuffix)));
  EXPECT_THAT(error_of(find_low_level(kName, directory.path())), HasSubstr("only runward itself"));
}

TEST(FindLowLevel, IsNeverAnotherCopyOfUs) {
  const TemporaryDirectory directory;
  (void)directory.program("runward", "true");
  fs::create_symlink("runward", directory.path() / kName);
  EXPECT_THAT(error_of(find_low_level(kName, directory.path())), HasSubstr("only runward itself"));
}

TEST(FindLowLevel, IsNeverAHardLinkToUs) {
  const TemporaryDirectory directory;
  std::error_code failure;
  fs::create_hard_link(ourselves(), directory.path() / kName, failure);
  if (failure) GTEST_SKIP() << "no hard links from here to the test: " << failure.message();
  EXPECT_THAT(error_of(find_low_level(kName, directory.path())), HasSubstr("only runward itself"));
  EXPECT_THAT(error_of(find_low_level(directory.path() / kName, "")), HasSubstr("is runward itself"));
}

TEST(FindLowLevel, IsNeverTheRunwardThatAnotherProgramAsksFor) {
  const TemporaryDirectory first;
  const TemporaryDirectory second;
  const std::string runward = first.program(kName, "true");
  const std::string real = second.program(kName, "true");
  const auto found = find_low_level(kName, first.path().string() + ":" + second.path().string(), runward);
  ASSERT_TRUE(found) << error_of(found);
  EXPECT_EQ(found->path, real);
}

TEST(FindProgram, FindsOurselvesToo) {
  const TemporaryDirectory directory;
  const std::string runward = directory.program("runward", "true");
  const auto found = find_program(runward, "");
  ASSERT_TRUE(found) << error_of(found);
  EXPECT_EQ(*found, runward);
}

TEST(FindLowLevel, PassesOverWhatCannotBeExecuted) {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() / kName) << "text";
  fs::create_directories(directory.path() / "folder" / kName);
  const std::string path = directory.path().string();
  EXPECT_THAT(error_of(find_low_level(kName, path + ":" + path + "/folder")), HasSubstr("not found in"));
  EXPECT_THAT(error_of(find_low_level(path + "/" + kName, "")), HasSubstr("is no executable file"));
  EXPECT_THAT(error_of(find_low_level(path + "/folder/" + kName, "")), HasSubstr("is no executable file"));
}

TEST(FindLowLevel, TakesAnAbsolutePathAsItIs) {
  const TemporaryDirectory directory;
  const std::string path = directory.program("x", "true");
  const auto found = find_low_level(path, "");
  ASSERT_TRUE(found) << error_of(found);
  EXPECT_EQ(found->path, path);
  EXPECT_EQ(error_of(find_low_level("/opt/absent/runc", "/usr/bin")), "low-level runtime '/opt/absent/runc' not found");
}

TEST(FindLowLevel, RefusesARelativePath) {
  EXPECT_THAT(error_of(find_low_level("bin/runc", "/usr")), HasSubstr("give a name or an absolute path"));
  EXPECT_THAT(error_of(find_low_level("", "/usr")), HasSubstr("empty"));
}

TEST(ExecLowLevel, HandsOnArgumentsAndEnvironmentUnchanged) {
  const TemporaryDirectory directory;
  const std::string out = directory.path() / "out";
  const LowLevel low_level{directory.program("runc",
                                             "{ for a in \"$0\" \"$@\"; do printf '[%s]' \"$a\"; done; "
                                             "printf '%s' \"$RUNWARD_TEST\"; } > " +
                                                 out)};
  const std::vector<std::string> argv{"runward", "--log", "", "a b", "-x=\n", "id"};
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::setenv("RUNWARD_TEST", "kept", 1);
    (void)exec_low_level(low_level, argv);
    ::_exit(99);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  std::ifstream file(out);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(text, "[" + low_level.path + "][--log][][a b][-x=\n][id]kept");
}

TEST(ExecLowLevel, ComesBackOnlyWithAnError) {
  const std::vector<std::string> argv{"runward"};
  EXPECT_EQ(exec_low_level(LowLevel{"/opt/absent/runc"}, argv).message, "execute '/opt/absent/runc': not found");
}

}  // namespace
}  // namespace runward::runtime

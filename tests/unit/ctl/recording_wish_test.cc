// SPDX-License-Identifier: Apache-2.0
#include "shim/recording_wish.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "shim/base/unique_fd.h"
#include "shim/held_file.h"

namespace runward {
namespace {

using testing::HasSubstr;

// In a folder that only root can write, as /run/runward is.
class HeldFile : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "not root";
    std::string path = "/run/runward-test.XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    folder_ = path;
    std::ofstream(folder_ + "/id") << "abc";
    write(print_recording_wish("audit", folder_ + "/id"));
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  void write(const std::string& text) const { std::ofstream(file()) << text; }
  [[nodiscard]] std::string file() const { return folder_ + "/wish"; }
  [[nodiscard]] UniqueFd hold() const {
    UniqueFd fd(::open(file().c_str(), O_RDWR | O_CLOEXEC));
    EXPECT_EQ(::flock(fd.get(), LOCK_EX | LOCK_NB), 0);
    return fd;
  }
  [[nodiscard]] std::string said_to(const std::string& container) const {
    const auto json = read_held(file(), container);
    return json ? text_of(*json, "calls") : json.error().message;
  }

  std::string folder_;
};

TEST_F(HeldFile, IsGoodForItsContainerWhileItIsHeld) {
  {
    const UniqueFd held = hold();
    EXPECT_EQ(said_to("abc"), "audit");
    EXPECT_EQ(said_to("abcd"), "it is for another container");
    EXPECT_EQ(said_to(""), "it is for another container");
  }
  EXPECT_EQ(said_to("abc"), "it has ended");
}

TEST_F(HeldFile, IsVoidWhereDockerHasWrittenNoIdYet) {
  const UniqueFd held = hold();
  std::ofstream(folder_ + "/id", std::ios::trunc).flush();
  EXPECT_EQ(said_to(""), "it is for another container");
}

TEST_F(HeldFile, IsVoidWhereSomebodyElseCouldHaveWrittenIt) {
  const UniqueFd held = hold();
  ASSERT_EQ(::chmod((folder_ + "/id").c_str(), 0666), 0);
  EXPECT_THAT(said_to("abc"), HasSubstr(folder_ + "/id"));
  ASSERT_EQ(::chmod((folder_ + "/id").c_str(), 0600), 0);
  EXPECT_EQ(said_to("abc"), "audit");
  ASSERT_EQ(::chown(file().c_str(), 1000, 1000), 0);
  EXPECT_THAT(said_to("abc"), HasSubstr(file()));
}

TEST_F(HeldFile, ThatNamesNoIdFileIsVoid) {
  for (const char* const text : {"", "{}", "[]", R"({"calls": "audit", "id_file": "id"})", R"({"id_file": 7})"}) {
    write(text);
    const UniqueFd held = hold();
    EXPECT_FALSE(read_held(file(), "abc")) << text;
  }
}

}  // namespace
}  // namespace runward

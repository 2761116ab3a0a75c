// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace runward::userns {

// A tmpfs at `top_`, in a mount namespace of the test's own; an overlay at "merged" goes with it.
class OwnMounts : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "not root";
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      GTEST_SKIP() << "no mount namespace to be had";
    std::string pattern = "/tmp/runward-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    top_ = pattern;
    ASSERT_EQ(::mount("tmpfs", top_.c_str(), "tmpfs", 0, nullptr), 0);
  }
  void TearDown() override {
    if (top_.empty()) return;
    ::umount2(merged().c_str(), MNT_DETACH);
    ::umount2(top_.c_str(), MNT_DETACH);
    std::filesystem::remove(top_);
  }
  [[nodiscard]] std::string merged() const { return top_ / "merged"; }

  std::filesystem::path top_;
};

}  // namespace runward::userns

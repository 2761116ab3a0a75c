// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/refresh.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/auto_fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/unit/userns/own_mounts.h"

namespace runward::userns {
namespace {

namespace fs = std::filesystem;

// An overlay on a tmpfs of a mount namespace of our own.
class RefreshTest : public OwnMounts {
 protected:
  void SetUp() override {
    OwnMounts::SetUp();
    if (top_.empty()) return;
    for (const char* const folder : {"layer", "other", "upper", "work", "merged"}) fs::create_directory(top_ / folder);
    const std::string options = "lowerdir=" + (top_ / "layer").string() + ":" + (top_ / "other").string() +
                                ",upperdir=" + (top_ / "upper").string() + ",workdir=" + (top_ / "work").string();
    ASSERT_EQ(::mount("overlay", merged().c_str(), "overlay", 0, options.c_str()), 0);
  }
};

TEST_F(RefreshTest, AnOverlaySeesWhatHasComeIntoALayer) {
  EXPECT_FALSE(fs::exists(merged() + "/new"));
  std::ofstream(top_ / "layer/new") << "new";
  ASSERT_FALSE(fs::exists(merged() + "/new"));
  refresh_overlay(merged());
  EXPECT_TRUE(fs::exists(merged() + "/new"));
}

TEST_F(RefreshTest, TheRootOfAProcess) {
  const pid_t process = ::fork();
  if (process == 0) {
    if (::chroot(merged().c_str()) != 0) ::_exit(1);
    for (;;) ::pause();
  }
  while (fs::read_symlink("/proc/" + std::to_string(process) + "/root") == "/") ::usleep(1000);
  EXPECT_FALSE(fs::exists(merged() + "/new"));
  std::ofstream(top_ / "layer/new") << "new";
  refresh_rootfs(process);
  EXPECT_TRUE(fs::exists(merged() + "/new"));
  ::kill(process, SIGKILL);
  ::waitpid(process, nullptr, 0);
}

TEST_F(RefreshTest, OfAPathThatLeadsNowhereNothingIsLeft) {
  for (const std::string& path : {merged() + "/missing", std::string(), std::string(100'000, 'a')}) {
    refresh_overlay(path);
    EXPECT_EQ(::waitpid(-1, nullptr, __WALL | WNOHANG), -1) << path.substr(0, 100);
  }
}

TEST_F(RefreshTest, OurDescriptorsStayOpenAndNoChildIsLeft) {
  const int fd = ::dup(1);
  refresh_overlay(merged());
  EXPECT_EQ(::close(fd), 0);
  EXPECT_EQ(::waitpid(-1, nullptr, __WALL | WNOHANG), -1);
}

// An automount whose daemon never answers stands for all that hangs.
TEST_F(RefreshTest, WhatHangsIsWaitedForASecondAndLeft) {
  std::array<int, 2> daemon{};
  ASSERT_EQ(::pipe2(daemon.data(), O_CLOEXEC), 0);
  const std::string options = "fd=" + std::to_string(daemon[1]) + ",pgrp=1,minproto=5,maxproto=5,indirect";
  const std::string hangs = top_ / "other";
  if (::mount("test", hangs.c_str(), "autofs", 0, options.c_str()) != 0) GTEST_SKIP() << "no autofs here";
  const auto start = std::chrono::steady_clock::now();
  refresh_overlay(hangs + "/a/b");
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, std::chrono::milliseconds(900));
  EXPECT_LT(took, std::chrono::seconds(20));
  EXPECT_EQ(::waitpid(-1, nullptr, __WALL | WNOHANG), 0);  // it is still there
  const int root = ::open(hangs.c_str(), O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(::ioctl(root, AUTOFS_IOC_CATATONIC, 0), 0);
  EXPECT_GT(::waitpid(-1, nullptr, __WALL), 0);
  ::close(root);
  ::umount2(hangs.c_str(), MNT_DETACH);
  for (const int end : daemon) ::close(end);
}

}  // namespace
}  // namespace runward::userns

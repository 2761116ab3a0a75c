// SPDX-License-Identifier: Apache-2.0
#include "shim/host/told_mounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "shim/base/file.h"

namespace runward::host {
namespace {

constexpr int kCannot = 77;

std::string mountinfo() {
  const auto text = read_file("/proc/self/mountinfo", std::size_t{16} << 20U);
  return text ? *text : std::string();
}

// What the last field of mountinfo says of the mount at `path`, without the "rw," that is the kernel's own.
std::string options_in_mountinfo(const std::string& path) {
  const std::string text = mountinfo();
  const std::size_t line = text.find(" " + path + " ");
  const std::size_t end = text.find('\n', line);
  if (line == std::string::npos) return "";
  const std::size_t begin = text.rfind(" rw,", end) + 4;
  return text.substr(begin, end - begin);
}

// In a mount namespace of its own, where nobody else mounts anything meanwhile.
void alone(const std::function<void()>& check) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const int flags = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
    if (::unshare(flags) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(kCannot);
    if (!told_mounts()) ::_exit(kCannot);
    check();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kCannot) GTEST_SKIP() << "no mount namespace here, or a kernel that does not tell";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

void mount_overlay_with_odd_names() {
  ASSERT_EQ(::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr), 0);
  ASSERT_EQ(::chdir("/mnt"), 0);
  for (const char* const folder : {"a:b", "c d,e", "u=\\", "work", "odd place"}) ASSERT_EQ(::mkdir(folder, 0755), 0);
  ASSERT_EQ(::mount("overlay", "odd place", "overlay", 0, R"(lowerdir=a\:b:c d\,e,upperdir=u=\\,workdir=work)"), 0);
}

TEST(ToldMounts, AreThoseOfMountinfoInItsOrder) {
  alone([] {
    mount_overlay_with_odd_names();
    EXPECT_EQ(told_mounts(), MountTable::parse(mountinfo()).entries());
  });
}

TEST(ToldMounts, AreCountedUpToAThousand) {
  alone([] {
    const std::size_t before = told_mounts()->size();
    EXPECT_EQ(told_count(), std::min<std::size_t>(before, 1024));
    ASSERT_EQ(::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr), 0);
    for (int i = 0; i < 1100; ++i) ASSERT_EQ(::mount("/mnt", "/mnt", nullptr, MS_BIND, nullptr), 0);
    EXPECT_EQ(told_count(), 1024U);
    EXPECT_EQ(told_mounts()->size(), before + 1101);  // of more than one page
  });
}

TEST(ToldMounts, TellOfAFilesystemByItsNumber) {
  alone([] {
    constexpr std::array<std::uint32_t, 2> kRamfsAndNone = {0x858458f6, 0x12345678};
    const auto before = told_mounts();
    const auto is_ramfs = [](const MountEntry& mount) { return mount.filesystem == "ramfs"; };
    EXPECT_EQ(told_any_of(kRamfsAndNone), std::ranges::any_of(*before, is_ramfs));
    ASSERT_EQ(::mount("ramfs", "/mnt", "ramfs", 0, nullptr), 0);
    EXPECT_EQ(told_any_of(kRamfsAndNone), true);
    EXPECT_EQ(told_any_of(std::span(kRamfsAndNone).last(1)), false);
  });
}

// Linux 6.18 takes that from a mount when it is made a slave; older ones leave it.
TEST(ToldMounts, SayWhatCantBeCopied) {
  alone([] {
    ASSERT_EQ(::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr), 0);
    EXPECT_FALSE(told_mounts()->back().is_unbindable);
    ASSERT_EQ(::mount(nullptr, "/mnt", nullptr, MS_UNBINDABLE, nullptr), 0);
    EXPECT_TRUE(told_mounts()->back().is_unbindable);
    EXPECT_EQ(told_mounts(), MountTable::parse(mountinfo()).entries());
  });
}

TEST(ToldMounts, HaveTheOptionsOfMountinfo) {
  alone([] {
    mount_overlay_with_odd_names();
    const auto overlay = told_mount_at("/mnt/odd place");
    ASSERT_TRUE(overlay);
    EXPECT_TRUE(overlay->is_mount_point);
    EXPECT_EQ(overlay->filesystem, "overlay");
    EXPECT_THAT(overlay->options, testing::HasSubstr("upperdir=u"));
    EXPECT_EQ(overlay->options, options_in_mountinfo("/mnt/odd\\040place"));
  });
}

TEST(ToldMounts, SayThatNothingIsMountedAtAPlace) {
  alone([] {
    ASSERT_EQ(::mount("tmpfs", "/mnt", "tmpfs", 0, "size=4096"), 0);
    ASSERT_EQ(::mkdir("/mnt/inside", 0755), 0);
    const auto inside = told_mount_at("/mnt/inside");
    ASSERT_TRUE(inside);
    EXPECT_FALSE(inside->is_mount_point);
    const auto mounted = told_mount_at("/mnt");
    ASSERT_TRUE(mounted);
    EXPECT_TRUE(mounted->is_mount_point);
    EXPECT_EQ(mounted->filesystem, "tmpfs");
    EXPECT_FALSE(told_mount_at("/not/there"));
  });
}

}  // namespace
}  // namespace runward::host

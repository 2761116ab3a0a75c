// SPDX-License-Identifier: Apache-2.0
#include "shim/host/mount_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runward::host {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr auto kTable =
    "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "22 21 0:20 / /run rw - tmpfs tmpfs rw\n"
    "23 21 0:20 /docker /home/u/alias rw - tmpfs tmpfs rw\n"
    "24 21 0:20 / /srv/whole\\040run rw - tmpfs tmpfs rw\n"
    "25 21 8:1 /var/data /mnt rw - ext4 /dev/sda1 rw\n"
    "26 22 0:30 / /run/user/1000 rw - tmpfs tmpfs rw\n";

TEST(MountTable, FindsEveryPathOfOnePlace) {
  const MountTable table = MountTable::parse(kTable);
  EXPECT_THAT(
      table.aliases("/run/docker/sock"),
      UnorderedElementsAre("/run/docker/sock", "/run/docker/sock", "/home/u/alias/sock", "/srv/whole run/docker/sock"));
  EXPECT_THAT(table.aliases("/home/u/alias"),
              UnorderedElementsAre("/home/u/alias", "/home/u/alias", "/run/docker", "/srv/whole run/docker"));
}

TEST(MountTable, FindsTheOriginalOfABindMount) {
  const MountTable table = MountTable::parse(kTable);
  EXPECT_THAT(table.aliases("/mnt/x"), UnorderedElementsAre("/mnt/x", "/mnt/x", "/var/data/x"));
  EXPECT_THAT(table.aliases("/var/data"), UnorderedElementsAre("/var/data", "/var/data", "/mnt"));
  EXPECT_THAT(table.aliases("/var/database"), UnorderedElementsAre("/var/database", "/var/database"));
}

TEST(MountTable, TakesTheMountThatLiesOnTopOfAnother) {
  const MountTable table = MountTable::parse(
      "1 0 8:1 / / rw - ext4 a rw\n2 1 0:5 / /run rw - tmpfs t rw\n3 2 0:6 / /run rw - tmpfs t rw\n"
      "4 1 0:5 / /lower rw - tmpfs t rw\n5 1 0:6 / /upper rw - tmpfs t rw\n");
  const auto aliases = table.aliases("/run/x");
  EXPECT_THAT(aliases, testing::Contains("/upper/x"));
  EXPECT_THAT(aliases, testing::Not(testing::Contains("/lower/x")));
}

// 3 covers the whole of /a, with what 2 had mounted below it: /a/b is a folder of 0:6 now.
TEST(MountTable, TakesAMountOverAnUpperFolderForWhatIsSeen) {
  const MountTable table = MountTable::parse(
      "1 0 8:1 / / rw - ext4 a rw\n2 1 0:5 / /a/b rw - tmpfs t rw\n3 1 0:6 / /a rw - tmpfs t rw\n"
      "4 1 0:6 / /other rw - tmpfs t rw\n");
  EXPECT_THAT(table.aliases("/a/b/x"), testing::Contains("/other/b/x"));
}

TEST(MountTable, FindsMountPointsBelow) {
  const MountTable table = MountTable::parse(kTable);
  EXPECT_THAT(table.below("/run"), ElementsAre("/run/user/1000"));
  EXPECT_THAT(table.below("/ru"), IsEmpty());
  EXPECT_THAT(table.below("/run/user/1000"), IsEmpty());
  EXPECT_THAT(table.below("/"), testing::SizeIs(5));
}

TEST(MountTable, DecodesOctalEscapes) {
  const MountTable table = MountTable::parse("1 0 8:1 /a\\134b /x\\040y\\011z\\012\\134 rw - t t rw\n");
  EXPECT_THAT(table.below("/"), ElementsAre("/x y\tz\n\\"));
}

TEST(MountTable, LeavesOutLinesThatMakeNoSense) {
  EXPECT_THAT(MountTable::parse("\n\nx\n1 2 3\n1 2 3:4 /\n\\\\ \\").below("/"), IsEmpty());
  EXPECT_THAT(MountTable::parse("").aliases("/x"), ElementsAre("/x"));
}

TEST(MountTable, ReadsTheKernels) {
  const auto table = MountTable::read();
  ASSERT_TRUE(table);
  EXPECT_THAT(table->below("/"), testing::Contains("/proc"));
}

TEST(IsOrBelow, ComparesWholeParts) {
  EXPECT_TRUE(is_or_below("/run", "/run"));
  EXPECT_TRUE(is_or_below("/run/x", "/run"));
  EXPECT_FALSE(is_or_below("/runx", "/run"));
  EXPECT_FALSE(is_or_below("/ru", "/run"));
  EXPECT_TRUE(is_or_below("/anything", "/"));
}

}  // namespace
}  // namespace runward::host

// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "shim/ctl/decisions.h"
#include "shim/ctl/diff.h"
#include "shim/ctl/events.h"
#include "shim/ctl/table.h"

namespace runward::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Table, WrapsLongCellsAndKeepsColumnsInLine) {
  const Table table{.header = {"A", "B"}, .rows = {{"x", "one two three"}, {"yy", "→"}}, .widest = 7};
  EXPECT_EQ(render(table), "A   B\nx   one two\n    three\nyy  →\n");
}

TEST(Printable, TakesControlCharactersOut) { EXPECT_EQ(printable("a\033[2Jb\n"), "a?[2Jb?"); }

TEST(UnifiedDiff, ShowsChangedLinesWithThreeAround) {
  EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\n5\nsix\n7\n8\n", "old", "new"),
            "--- old\n+++ new\n@@ -3,6 +3,6 @@\n 3\n 4\n 5\n-6\n+six\n 7\n 8\n");
  EXPECT_EQ(unified_diff("", "a\n", "old", "new"), "--- old\n+++ new\n@@ -0,0 +1,1 @@\n+a\n");
  EXPECT_EQ(unified_diff("a\n", "a\n", "old", "new"), "");
}

TEST(DescribeChange, ShowsListsByTheirDifference) {
  const oci::Value before = {"CAP_CHOWN", "CAP_MKNOD"};
  const oci::Value after = {"CAP_CHOWN", "CAP_KILL"};
  EXPECT_EQ(describe_change(&before, &after), "−CAP_MKNOD +CAP_KILL");
}

TEST(DescribeChange, NeverShowsAnEnvironment) {
  const oci::Value hook = {{"path", "/bin/hook"}, {"env", {"TOKEN=geheim"}}, {"args", {"hook", "geheim"}}};
  EXPECT_THAT(describe_change(&hook, nullptr), Not(HasSubstr("geheim")));
}

const oci::Value kRefused = {{"time", "2026-11-22T08:09:41.123456789Z"},
                             {"container", "3f2a5b6c7d8e9f00"},
                             {"command", "create"},
                             {"profile", "default"},
                             {"decision", "refused"},
                             {"message", "--privileged is refused\033[2J"},
                             {"rules", oci::Value::array()}};

TEST(DescribeEvent, IsOneLineWithoutControlCharacters) {
  EXPECT_EQ(describe_event(kRefused),
            "2026-11-22 08:09:41  refused  3f2a5b6c7d8e  create  default  --privileged is refused?[2J\n");
}

TEST(DescribeEvent, NamesTheRulesThatChangedSomething) {
  oci::Value event = kRefused;
  event["decision"] = "allowed";
  event.erase("message");
  event["rules"] = {{{"rule", "rootfs"}, {"mode", "enforce"}, {"changes", {oci::Value::object()}}},
                    {{"rule", "user"}, {"mode", "enforce"}, {"changes", oci::Value::array()}}};
  EXPECT_THAT(describe_event(event), HasSubstr("changed by rootfs\n"));
}

TEST(EventFilter, TakesTheBeginningOfAnIdAndADecision) {
  EXPECT_TRUE(is_wanted(kRefused, {.container = "3f2a", .decision = "refused"}));
  EXPECT_FALSE(is_wanted(kRefused, {.container = "2a", .decision = {}}));
  EXPECT_FALSE(is_wanted(kRefused, {.container = {}, .decision = "allowed"}));
}

}  // namespace
}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

Value user(std::uint64_t uid, std::uint64_t gid, const Value& groups = Value::array()) {
  return {{"user", {{"uid", uid}, {"gid", gid}, {"additionalGids", groups}}}};
}

TEST(LimitUser, RefusesRootWhereTheProfileSaysSo) {
  Bench bench;
  EXPECT_THAT(bench.refusals(limit_user, user(0, 0)), IsEmpty());
  bench.policy.user.root_allowed = false;
  EXPECT_THAT(bench.refusals(limit_user, user(0, 0)), SizeIs(1));
  EXPECT_THAT(bench.refusals(limit_user, Value::object()), SizeIs(1));
  EXPECT_THAT(bench.refusals(limit_user, user(1000, 0)), IsEmpty());
}

TEST(LimitUser, DropsListedGroups) {
  Bench bench;
  bench.policy.user.dropped_gids = {6, 42};
  EXPECT_EQ(bench.after(limit_user, user(1000, 1000, {6, 29, 42, 6}))["user"]["additionalGids"], Value::array({29}));
}

TEST(LimitUser, GivesTheUsersOwnNumberInPlaceOfADroppedPrimaryGroup) {
  Bench bench;
  bench.policy.user.dropped_gids = {6};
  EXPECT_EQ(bench.after(limit_user, user(1000, 6))["user"]["gid"], 1000);
}

// `-u 1000` without a group means group 0, and images of OpenShift's kind count on it.
TEST(LimitUser, TakesGroup0FromAnotherUserOnlyWhereTheProfileSaysSo) {
  Bench bench;
  EXPECT_EQ(bench.after(limit_user, user(1000, 0))["user"]["gid"], 0);
  bench.policy.user.root_group_allowed = false;
  EXPECT_EQ(bench.after(limit_user, user(1000, 0))["user"]["gid"], 1000);
  EXPECT_EQ(bench.after(limit_user, user(0, 0))["user"]["gid"], 0);
}

// `-u 42` in an image without such a user means group 0; 42 in its place would be shadow, which is to be dropped.
TEST(LimitUser, NeverGivesAGroupThatIsToBeDropped) {
  Bench bench;
  bench.policy.user = {.root_allowed = true, .root_group_allowed = false, .dropped_gids = {42}};
  const Verdict verdict = bench.verdict(limit_user, user(42, 0));
  EXPECT_TRUE(!verdict.findings.empty() || bench.after(limit_user, user(42, 0))["user"]["gid"] != 42);
}

TEST(LimitUser, LeavesRootItsGroup) {
  Bench bench;
  bench.policy.user.dropped_gids = {0};
  EXPECT_THAT(bench.verdict(limit_user, user(0, 0, Value::array({0}))).changes, IsEmpty());
}

TEST(LimitUser, IsNotConfusedByGroupsBeyond32Bits) {
  Bench bench;
  bench.policy.user.dropped_gids = {6};
  const std::uint64_t wraps = (std::uint64_t{1} << 32U) + 6;
  EXPECT_THAT(bench.verdict(limit_user, user(1000, 1000, Value::array({wraps}))).changes, IsEmpty());
}

}  // namespace
}  // namespace runward::harden::steps

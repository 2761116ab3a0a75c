// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

TEST(LimitOomScore, RefusesLessThanThePolicysLeast) {
  const Bench bench;
  EXPECT_THAT(bench.refusals(limit_oom_score, {{"oomScoreAdj", -500}}), ElementsAre("oom_score_adj -500"));
  EXPECT_THAT(bench.refusals(limit_oom_score, {{"oomScoreAdj", 0}}), IsEmpty());
}

TEST(LimitOomScore, RaisesItWhenItStrips) {
  Bench bench;
  bench.strips(RuleId::oom_score);
  EXPECT_EQ(bench.after(limit_oom_score, {{"oomScoreAdj", -1}})["oomScoreAdj"], 0);
}

TEST(LimitOomScore, KeepsMore) {
  const Bench bench;
  EXPECT_THAT(bench.verdict(limit_oom_score, {{"oomScoreAdj", 1000}}).changes, IsEmpty());
}

TEST(LimitOomScore, DoesNotLetTheShimsBeInherited) {
  const Bench bench;
  EXPECT_EQ(bench.after(limit_oom_score, Value::object())["oomScoreAdj"], 0);
}

}  // namespace
}  // namespace runward::harden::steps

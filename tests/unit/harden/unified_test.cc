// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

TEST(LimitUnified, RefusesKeysThatAreNotListed) {
  Bench bench;
  bench.policy.unified_keys = {"memory.high"};
  const Value resources = {{"unified", {{"memory.high", "1"}, {"memory.max", "max"}}}};
  EXPECT_THAT(bench.refusals(limit_unified, resources), ElementsAre("cgroup key 'memory.max'"));
  bench.strips(RuleId::unified);
  EXPECT_EQ(bench.after(limit_unified, resources)["unified"], Value({{"memory.high", "1"}}));
}

TEST(LimitUnified, LetsTheMemoryRulesOwnKeyPass) {
  const Bench bench;
  EXPECT_THAT(bench.refusals(limit_unified, {{"unified", {{"memory.swap.max", "0"}}}}), ElementsAre());
  EXPECT_THAT(bench.refusals(limit_unified, {{"unified", {{"memory.swap.max", "1"}}}}),
              ElementsAre("cgroup key 'memory.swap.max'"));
}

}  // namespace
}  // namespace runward::harden::steps

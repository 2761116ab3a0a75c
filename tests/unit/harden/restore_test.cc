// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

TEST(RefuseRestore, RefusesTheCommandAndNothingElse) {
  Bench bench;
  EXPECT_THAT(bench.refusals(refuse_restore, Value::object()), IsEmpty());
  bench.call.restore = true;
  EXPECT_THAT(bench.refusals(refuse_restore, Value::object()), SizeIs(1));
}

TEST(RefuseRestore, RefusesACheckpointInItsMode) {
  Bench bench;
  EXPECT_FALSE(judge_call(bench.context()).refused());
  bench.call.checkpoint = true;
  EXPECT_TRUE(judge_call(bench.context()).refused());
  bench.policy.rule(RuleId::restore).mode = policy::Mode::audit;
  const Report audited = judge_call(bench.context());
  EXPECT_FALSE(audited.refused());
  EXPECT_THAT(audited.outcomes, SizeIs(1));
  bench.policy.rule(RuleId::restore).mode = policy::Mode::off;
  EXPECT_THAT(judge_call(bench.context()).outcomes, IsEmpty());
}

}  // namespace
}  // namespace runward::harden::steps

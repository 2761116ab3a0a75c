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

}  // namespace
}  // namespace runward::harden::steps

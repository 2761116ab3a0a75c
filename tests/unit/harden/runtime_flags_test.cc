// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

TEST(RefuseLooseningFlags, RefusesEachFlag) {
  Bench bench;
  EXPECT_THAT(bench.refusals(refuse_loosening_flags, Value::object()), IsEmpty());
  bench.call = {.no_pivot = true, .no_new_keyring = true, .restore = false};
  EXPECT_THAT(bench.refusals(refuse_loosening_flags, Value::object()),
              ElementsAre(HasSubstr("--no-pivot"), HasSubstr("--no-new-keyring")));
}

}  // namespace
}  // namespace runward::harden::steps

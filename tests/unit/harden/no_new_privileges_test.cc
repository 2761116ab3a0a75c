// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

TEST(RequireNoNewPrivileges, SetsItWhereItIsMissingOrCleared) {
  const Bench bench;
  for (const Value& process :
       {Value::object(), Value({{"noNewPrivileges", false}}), Value({{"noNewPrivileges", nullptr}})})
    EXPECT_EQ(bench.after(require_no_new_privileges, process)["noNewPrivileges"], true) << process;
}

TEST(RequireNoNewPrivileges, HasNothingToSayWhereItIsSet) {
  const Bench bench;
  EXPECT_THAT(bench.verdict(require_no_new_privileges, {{"noNewPrivileges", true}}).changes, IsEmpty());
}

}  // namespace
}  // namespace runward::harden::steps

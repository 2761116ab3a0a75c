// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

TEST(KeepSelinuxLabel, RefusesLabelsThatConfineNothing) {
  Bench bench;
  bench.host.selinux_enabled = true;
  for (const Value& label : {Value(nullptr), Value(""), Value("system_u:system_r:spc_t:s0"),
                             Value("unconfined_u:unconfined_r:unconfined_t:s0")})
    EXPECT_THAT(bench.refusals(keep_selinux_label, {{"selinuxLabel", label}}), SizeIs(1)) << label;
  EXPECT_THAT(bench.refusals(keep_selinux_label, {{"selinuxLabel", "system_u:system_r:container_t:s0:c1,c2"}}),
              IsEmpty());
}

TEST(KeepSelinuxLabel, AsksForNoneOnAHostWithoutSelinux) {
  EXPECT_THAT(Bench().refusals(keep_selinux_label, Value::object()), IsEmpty());
}

}  // namespace
}  // namespace runward::harden::steps

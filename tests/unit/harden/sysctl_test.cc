// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

Value with_sysctl(const char* name) { return {{"linux", {{"sysctl", {{name, "1"}}}}}}; }

TEST(LimitSysctl, RefusesWhatIsNotListed) {
  Bench bench;
  bench.policy.sysctls = {"net.core.somaxconn", "fs.mqueue.*"};
  for (const char* name :
       {"net.ipv4.ip_forward", "kernel.core_pattern", "net.core.somaxconn2", "net/core/somaxconn", ""})
    EXPECT_THAT(bench.refusals(limit_sysctl, with_sysctl(name)), SizeIs(1)) << name;
  for (const char* name : {"net.core.somaxconn", "fs.mqueue.msg_max"})
    EXPECT_THAT(bench.refusals(limit_sysctl, with_sysctl(name)), IsEmpty()) << name;
}

TEST(LimitSysctl, RemovesItWhenItStrips) {
  Bench bench;
  bench.strips(RuleId::sysctl);
  EXPECT_EQ(bench.after(limit_sysctl, with_sysctl("kernel.core_pattern"))["linux"]["sysctl"], Value::object());
}

}  // namespace
}  // namespace runward::harden::steps

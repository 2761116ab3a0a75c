// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

Bench bench_with_limits() {
  Bench bench;
  bench.policy.rlimits = {{"RLIMIT_CORE", {.soft = 0, .hard = 0}}, {"RLIMIT_NOFILE", {.soft = 1024, .hard = 4096}}};
  return bench;
}
Value one(const char* type, std::uint64_t soft, std::uint64_t hard) {
  return {{"type", type}, {"soft", soft}, {"hard", hard}};
}

TEST(LimitRlimits, SetsWhatIsMissing) {
  EXPECT_EQ(bench_with_limits().after(limit_rlimits, Value::object())["rlimits"],
            Value::array({one("RLIMIT_CORE", 0, 0), one("RLIMIT_NOFILE", 1024, 4096)}));
}

TEST(LimitRlimits, NeverRaisesWhatTheContainerWouldInherit) {
  Bench bench = bench_with_limits();
  bench.host.rlimits["RLIMIT_NOFILE"] = {.type = "RLIMIT_NOFILE", .soft = 256, .hard = 512};
  EXPECT_EQ(bench.after(limit_rlimits, Value::object())["rlimits"][1], one("RLIMIT_NOFILE", 256, 512));
}

TEST(LimitRlimits, ClampsWhatIsMoreAndKeepsWhatIsLess) {
  const Value process = {{"rlimits", {one("RLIMIT_CORE", UINT64_MAX, UINT64_MAX), one("RLIMIT_NOFILE", 10, 20)}}};
  EXPECT_EQ(bench_with_limits().after(limit_rlimits, process)["rlimits"],
            Value::array({one("RLIMIT_CORE", 0, 0), one("RLIMIT_NOFILE", 10, 20)}));
}

TEST(LimitRlimits, ClampsEveryEntryOfOneType) {
  const Value process = {
      {"rlimits", {one("RLIMIT_CORE", 0, 0), one("RLIMIT_NOFILE", 1, 1), one("RLIMIT_NOFILE", 9999, 9999)}}};
  EXPECT_EQ(bench_with_limits().after(limit_rlimits, process)["rlimits"][2], one("RLIMIT_NOFILE", 4096, 4096));
}

TEST(LimitRlimits, KeepsTypesThatThePolicyDoesNotName) {
  const Value process = {
      {"rlimits", {one("RLIMIT_STACK", 1, UINT64_MAX), one("RLIMIT_CORE", 0, 0), one("RLIMIT_NOFILE", 1, 1)}}};
  EXPECT_THAT(bench_with_limits().verdict(limit_rlimits, process).changes, IsEmpty());
}

}  // namespace
}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

constexpr std::int64_t kMebibyte = 1 << 20;

Bench bench_with_limits() {
  Bench bench;
  bench.host.memory_bytes = 1000 * kMebibyte;
  bench.policy.memory = {.when_unset = policy::Amount{.absolute = 400 * kMebibyte, .percent = 25},
                         .ceiling = policy::Amount{.absolute = std::nullopt, .percent = 80}};
  return bench;
}

TEST(LimitMemory, GivesTheSmallerOfShareAndAmountWhenNothingWasAskedFor) {
  Bench bench = bench_with_limits();
  EXPECT_EQ(bench.after(limit_memory, Value::object())["memory"]["limit"], 250 * kMebibyte);
  bench.host.memory_bytes = 4000 * kMebibyte;
  EXPECT_EQ(bench.after(limit_memory, Value::object())["memory"]["limit"], 400 * kMebibyte);
}

TEST(LimitMemory, LetsLessWinAndClampsMore) {
  struct Row {
    std::int64_t asked;
    std::int64_t expected;
  };
  const Bench bench = bench_with_limits();
  for (const Row& row : {Row{64 * kMebibyte, 64 * kMebibyte}, Row{800 * kMebibyte, 800 * kMebibyte},
                         Row{801 * kMebibyte, 800 * kMebibyte}, Row{INT64_MAX, 800 * kMebibyte},
                         Row{-1, 250 * kMebibyte}, Row{0, 250 * kMebibyte}, Row{INT64_MIN, 250 * kMebibyte}})
    EXPECT_EQ(bench.after(limit_memory, {{"memory", {{"limit", row.asked}}}})["memory"]["limit"], row.expected)
        << row.asked;
}

TEST(LimitMemory, MakesSwapEqualToTheLimit) {
  const Bench bench = bench_with_limits();
  for (const std::int64_t swap : {std::int64_t{-1}, 128 * kMebibyte, INT64_MAX})
    EXPECT_EQ(bench.after(limit_memory, {{"memory", {{"limit", 64 * kMebibyte}, {"swap", swap}}}})["memory"]["swap"],
              64 * kMebibyte);
}

// runc tells systemd nothing of a swap that is equal to the limit; the key it hands on.
TEST(LimitMemory, ForbidsSwapByTheKeyOfCgroupV2Too) {
  Bench bench = bench_with_limits();
  bench.host.swap_key = true;
  EXPECT_EQ(bench.after(limit_memory, Value::object())["unified"], Value({{"memory.swap.max", "0"}}));
  EXPECT_EQ(bench.after(limit_memory, {{"unified", {{"memory.swap.max", "max"}}}})["unified"],
            Value({{"memory.swap.max", "0"}}));
  bench.host.swap_key = false;
  EXPECT_FALSE(bench.after(limit_memory, Value::object()).contains("unified"));
}

TEST(LimitMemory, LeavesSwapAloneWhereTheKernelDoesNotAccountForIt) {
  Bench bench = bench_with_limits();
  bench.host.swap_accounting = false;
  EXPECT_FALSE(bench.after(limit_memory, Value::object())["memory"].contains("swap"));
}

TEST(LimitMemory, BringsTheReservationDownToTheLimit) {
  const Bench bench = bench_with_limits();
  const Value after = bench.after(limit_memory, {{"memory", {{"reservation", 900 * kMebibyte}}}});
  EXPECT_EQ(after["memory"]["reservation"], 250 * kMebibyte);
}

TEST(LimitMemory, KeepsOtherMembers) {
  const Bench bench = bench_with_limits();
  EXPECT_EQ(bench.after(limit_memory, {{"memory", {{"swappiness", 10}}}})["memory"]["swappiness"], 10);
}

TEST(LimitMemory, SetsNothingWhenThePolicyNamesNothing) {
  Bench bench;
  EXPECT_THAT(bench.verdict(limit_memory, Value::object()).changes, IsEmpty());
}

}  // namespace
}  // namespace runward::harden::steps

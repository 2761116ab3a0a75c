// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

policy::Amount thousandths(std::uint64_t value) { return {.absolute = value, .percent = std::nullopt}; }

Bench bench_with_ceiling(std::uint64_t ceiling) {
  Bench bench;
  bench.host.cpu_count = 4;
  bench.policy.cpu = {.when_unset = policy::Amount{.absolute = std::nullopt, .percent = 50},
                      .ceiling = thousandths(ceiling)};
  return bench;
}

TEST(LimitCpu, GivesAShareOfTheHostWhenNothingWasAskedFor) {
  const Bench bench = bench_with_ceiling(4000);
  EXPECT_EQ(bench.after(limit_cpu, Value::object())["cpu"], Value({{"period", 100000}, {"quota", 200000}}));
}

TEST(LimitCpu, GivesAtLeastOneCpu) {
  Bench bench = bench_with_ceiling(4000);
  bench.host.cpu_count = 1;
  EXPECT_EQ(bench.after(limit_cpu, Value::object())["cpu"]["quota"], 100000);
}

TEST(LimitCpu, KeepsLessThanTheCeilingAndClampsMore) {
  struct Row {
    std::int64_t quota;
    std::uint64_t period;
    std::int64_t expected;
  };
  const Bench bench = bench_with_ceiling(2000);
  for (const Row& row : {Row{50000, 100000, 50000}, Row{200000, 100000, 200000}, Row{200001, 100000, 200000},
                         Row{INT64_MAX, 100000, 200000}, Row{-1, 100000, 200000}, Row{0, 100000, 200000},
                         Row{300000, 50000, 100000}, Row{1000, 1000, 1000}, Row{4000, 1000, 2000}})
    EXPECT_EQ(bench.after(limit_cpu, {{"cpu", {{"quota", row.quota}, {"period", row.period}}}})["cpu"]["quota"],
              row.expected)
        << row.quota << "/" << row.period;
}

// runc on cgroup v1 has written the quota by the time that the kernel refuses the period.
TEST(LimitCpu, WritesThePeriodThatItJudgedBy) {
  struct Row {
    std::int64_t quota;
    std::uint64_t period;
    std::int64_t expected_quota;
    std::uint64_t expected_period;
  };
  const Bench bench = bench_with_ceiling(2000);
  for (const Row& row :
       {Row{2'000'000, 1'000'001, 2'000'000, 1'000'000}, Row{500'000, INT64_MAX, 500'000, 1'000'000},
        Row{500'000, UINT64_MAX, 500'000, 1'000'000}, Row{2000, 1, 2000, 1000}, Row{2000, 999, 2000, 1000},
        Row{50'000, 100'000, 50'000, 100'000}, Row{50'000, 1'000'000, 50'000, 1'000'000}})
    EXPECT_EQ(bench.after(limit_cpu, {{"cpu", {{"quota", row.quota}, {"period", row.period}}}})["cpu"],
              Value({{"period", row.expected_period}, {"quota", row.expected_quota}}))
        << row.quota << "/" << row.period;
}

TEST(LimitCpu, GivesAQuotaThatTheKernelRefusesALongerPeriod) {
  const Bench bench = bench_with_ceiling(2000);
  EXPECT_EQ(bench.after(limit_cpu, {{"cpu", {{"quota", 500}, {"period", 1000}}}})["cpu"],
            Value({{"period", 100'000}, {"quota", 50'000}}));
}

TEST(LimitCpu, BringsAPeriodBeyondTheKernelsLongestBack) {
  const Bench bench = bench_with_ceiling(1000);
  const Value after = bench.after(limit_cpu, {{"cpu", {{"quota", 2'000'000'000}, {"period", 1'000'000'000}}}});
  EXPECT_EQ(after["cpu"], Value({{"period", 1'000'000}, {"quota", 1'000'000}}));
}

// A quota can't be below a millisecond, so a short period must grow for less than one CPU.
TEST(LimitCpu, HoldsACeilingBelowOneCpuWithAShortPeriod) {
  const Bench bench = bench_with_ceiling(500);
  for (const std::int64_t quota : {1000, 100000}) {
    const Value cpu = bench.after(limit_cpu, {{"cpu", {{"quota", quota}, {"period", 1000}}}})["cpu"];
    EXPECT_LE(cpu["quota"].get<double>() / cpu["period"].get<double>(), 0.5) << quota;
  }
}

TEST(LimitCpu, KeepsShares) {
  const Bench bench = bench_with_ceiling(2000);
  EXPECT_EQ(bench.after(limit_cpu, {{"cpu", {{"shares", 2048}}}})["cpu"]["shares"], 2048);
}

TEST(LimitCpu, ChangesNothingOnAKernelWithoutQuotas) {
  Bench bench = bench_with_ceiling(2000);
  bench.host.cpu_quota_supported = false;
  EXPECT_THAT(bench.verdict(limit_cpu, {{"cpu", {{"quota", -1}}}}).changes, IsEmpty());
}

TEST(LimitCpu, TakesTheCeilingWhenTheProfileGivesNoDefault) {
  Bench bench = bench_with_ceiling(3000);
  bench.policy.cpu.when_unset.reset();
  EXPECT_EQ(bench.after(limit_cpu, Value::object())["cpu"]["quota"], 300000);
}

}  // namespace
}  // namespace runward::harden::steps

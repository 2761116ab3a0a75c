// SPDX-License-Identifier: Apache-2.0

// What the steps make of an update: 0 and what is absent stay, a negative number is unlimited.

#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

class Update : public testing::Test {
 protected:
  Update() {
    bench_.call.update = true;
    bench_.host.cpu_count = 4;
    bench_.policy.memory.ceiling = absolute(1000);
    bench_.policy.memory.when_unset = absolute(500);
    bench_.policy.cpu.ceiling = absolute(2000);
    bench_.policy.cpu.when_unset = absolute(1000);
    bench_.policy.pids.ceiling = absolute(100);
    bench_.policy.pids.when_unset = absolute(50);
  }
  static policy::Amount absolute(std::uint64_t value) { return {.absolute = value, .percent = std::nullopt}; }
  Value cpu(const Value& asked) { return bench_.after(limit_cpu, {{"cpu", asked}})["cpu"]; }
  Value memory(const Value& asked) { return bench_.after(limit_memory, {{"memory", asked}})["memory"]; }
  Value pids(std::int64_t asked) { return bench_.after(limit_pids, {{"pids", {{"limit", asked}}}})["pids"]["limit"]; }

  Bench bench_;
};

TEST_F(Update, LeavesWhatItDoesNotName) {
  const Value docker = {{"memory", {{"limit", 0}, {"reservation", 0}}},
                        {"cpu", {{"shares", 512}, {"quota", 0}, {"period", 0}}},
                        {"blockIO", {{"weight", 0}}}};
  for (const Value& document : {Value::object(), docker}) {
    EXPECT_THAT(bench_.verdict(limit_memory, document).changes, IsEmpty());
    EXPECT_THAT(bench_.verdict(limit_cpu, document).changes, IsEmpty());
    EXPECT_THAT(bench_.verdict(limit_pids, document).changes, IsEmpty());
  }
}

TEST_F(Update, ClampsMemoryAndKeepsSwapEqualToIt) {
  EXPECT_EQ(memory({{"limit", 800}, {"swap", 1600}}), Value({{"limit", 800}, {"swap", 800}}));
  EXPECT_EQ(memory({{"limit", 2000}}), Value({{"limit", 1000}, {"swap", 1000}}));
  EXPECT_EQ(memory({{"limit", -1}, {"swap", -1}}), Value({{"limit", 1000}, {"swap", 1000}}));
}

TEST_F(Update, TakesSwapOutWhereTheLimitStays) {
  EXPECT_EQ(memory({{"limit", 0}, {"swap", -1}}), Value({{"limit", 0}}));
  EXPECT_EQ(memory({{"swap", 5000}}), Value::object());
}

// runc forgets the keys that an update does not repeat.
TEST_F(Update, RepeatsThatThereIsNoSwapOnCgroupV2) {
  bench_.host.swap_key = true;
  const Value no_swap = {{"memory.swap.max", "0"}};
  for (const Value& asked : {Value::object(), Value({{"memory", {{"limit", 800}}}}), Value({{"pids", {{"limit", 5}}}})})
    EXPECT_EQ(bench_.after(limit_memory, asked)["unified"], no_swap) << asked;
  bench_.policy.memory.ceiling.reset();
  EXPECT_FALSE(bench_.after(limit_memory, Value::object()).contains("unified"));
}

TEST_F(Update, HoldsTheReservationToTheLimitOrTheCeiling) {
  EXPECT_EQ(memory({{"limit", 800}, {"reservation", 900}})["reservation"], 800);
  EXPECT_EQ(memory({{"limit", 800}, {"reservation", 700}})["reservation"], 700);
  EXPECT_EQ(memory({{"limit", -1}, {"reservation", 5000}})["reservation"], 1000);
  EXPECT_EQ(memory({{"limit", 800}, {"reservation", -1}})["reservation"], 800);
  EXPECT_EQ(memory({{"reservation", 5000}})["reservation"], 1000);
  EXPECT_EQ(memory({{"reservation", 600}})["reservation"], 600);
}

TEST_F(Update, ClampsPids) {
  EXPECT_EQ(pids(80), 80);
  EXPECT_EQ(pids(101), 100);
  EXPECT_EQ(pids(-1), 100);
  EXPECT_EQ(pids(0), 0);
}

TEST_F(Update, ClampsAQuotaWithItsPeriod) {
  EXPECT_EQ(cpu({{"quota", 150000}, {"period", 100000}}), Value({{"quota", 150000}, {"period", 100000}}));
  EXPECT_EQ(cpu({{"quota", 300000}, {"period", 100000}}), Value({{"quota", 200000}, {"period", 100000}}));
  EXPECT_EQ(cpu({{"quota", -1}}), Value({{"quota", 200000}, {"period", 100000}}));
}

TEST_F(Update, WritesThePeriodThatItJudgedBy) {
  bench_.host.current = host::CurrentLimits{.memory = {}, .cpu_quota = 2000, .cpu_period = 1000, .pids = {}};
  EXPECT_EQ(cpu({{"quota", 2'000'000}, {"period", 1'000'001}}), Value({{"quota", 2'000'000}, {"period", 1'000'000}}));
  EXPECT_EQ(cpu({{"quota", 1000}, {"period", UINT64_MAX}}), Value({{"quota", 1000}, {"period", 1'000'000}}));
  EXPECT_EQ(cpu({{"period", 5'000'000}}), Value({{"period", 1'000'000}}));
  EXPECT_EQ(cpu({{"period", 1}}), Value({{"period", 1000}}));
  bench_.host.current->cpu_quota.reset();
  EXPECT_EQ(cpu({{"period", 5'000'000}}), Value({{"period", 1'000'000}}));
}

// The other way round: a period that is written, and a quota that is refused.
TEST_F(Update, WritesNoQuotaThatTheKernelRefuses) {
  bench_.host.current = host::CurrentLimits{.memory = {}, .cpu_quota = 100000, .cpu_period = 100000, .pids = {}};
  EXPECT_EQ(cpu({{"quota", 500}, {"period", 1000}}), Value({{"quota", 50'000}, {"period", 100'000}}));
  EXPECT_EQ(cpu({{"quota", 1}, {"period", 1'000'000}}), Value({{"quota", 1000}, {"period", 1'000'000}}));
}

TEST_F(Update, MeasuresAQuotaAloneByThePeriodThatHolds) {
  bench_.host.current = host::CurrentLimits{.memory = {}, .cpu_quota = 10000, .cpu_period = 10000, .pids = {}};
  EXPECT_EQ(cpu({{"quota", 20000}}), Value({{"quota", 20000}}));
  EXPECT_EQ(cpu({{"quota", 100000}}), Value({{"quota", 20000}, {"period", 10000}}));
}

TEST_F(Update, MeasuresAPeriodAloneByTheQuotaThatHolds) {
  bench_.host.current = host::CurrentLimits{.memory = {}, .cpu_quota = 100000, .cpu_period = 100000, .pids = {}};
  EXPECT_EQ(cpu({{"period", 50000}}), Value({{"period", 50000}}));
  EXPECT_EQ(cpu({{"period", 10000}}), Value({{"quota", 20000}, {"period", 10000}}));
  bench_.host.current->cpu_quota.reset();
  EXPECT_EQ(cpu({{"period", 10000}}), Value({{"period", 10000}}));
}

TEST_F(Update, RefusesHalfOfALimitWhenTheOtherHalfCantBeRead) {
  EXPECT_THAT(bench_.refusals(limit_cpu, {{"cpu", {{"period", 1000}}}}), SizeIs(1));
  EXPECT_THAT(bench_.refusals(limit_cpu, {{"cpu", {{"quota", 1000}}}}), SizeIs(1));
  bench_.host.current = host::CurrentLimits{};
  EXPECT_THAT(bench_.refusals(limit_cpu, {{"cpu", {{"quota", 1000}}}}), SizeIs(1));
}

TEST_F(Update, WithoutACeilingAnythingGoes) {
  bench_.policy = {};
  EXPECT_EQ(memory({{"limit", -1}, {"swap", -1}}), Value({{"limit", -1}, {"swap", -1}}));
  EXPECT_EQ(cpu({{"quota", -1}}), Value({{"quota", -1}}));
  EXPECT_EQ(pids(-1), -1);
}

TEST_F(Update, KeepsTheDevicesThatWereDecided) {
  const Value wildcard = {{"devices", {{{"allow", true}, {"access", "rwm"}}}}};
  EXPECT_EQ(bench_.after(keep_devices, wildcard), Value::object());
}

}  // namespace
}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include "profiles/generator/start_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "seccomp/data/risks.h"
#include "seccomp/sets.h"
#include "tests/unit/profiles/generator_cases.h"

namespace runward::profiles {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

Calibrated measured(const std::string& runtime, const std::string& version, OtherThreads others) {
  return {.runtime = runtime,
          .version = version,
          .architecture = "x86_64",
          .last = {.calls = {{"execve", true}, {"uname", false}}, .others = others},
          .early = {.calls = {{"execve", true}, {"setuid", true}}, .others = others}};
}

Observed seen_with(const std::string& runtime, const std::string& version) {
  Observed seen;
  seen.architecture = "x86_64";
  seen.runtimes = {{.name = runtime, .version = version}};
  return seen;
}

TEST(StartCalls, ThoseOfTheRuntimeThatTheRecordingWasMadeWith) {
  const Calibration calibration = {measured("crun", "1.14", OtherThreads::none),
                                   measured("youki", "0.3", OtherThreads::none)};
  EXPECT_THAT(start_calls(calibration, seen_with("crun", "1.14"), FilterTime::last).calls,
              ElementsAre("execve", "uname"));
  EXPECT_THAT(start_calls(calibration, seen_with("crun", "1.14"), FilterTime::early).calls,
              ElementsAre("execve", "setuid"));
}

TEST(StartCalls, WhatADistributionAddsToAVersionIsNoMatter) {
  const Calibration calibration = {measured("runc", "1.9.1+ds1", OtherThreads::none)};
  const StartCalls needed = start_calls(calibration, seen_with("runc", "1.9.1~deb13u2"), FilterTime::last);
  EXPECT_THAT(needed.calls, Contains("uname"));
  EXPECT_THAT(needed.unknown, IsEmpty());
}

TEST(StartCalls, AGoRuntimesThreadMayDoMoreThanWasSeen) {
  const Calibration calibration = {measured("runc", "1.9", OtherThreads::free)};
  const auto calls = start_calls(calibration, seen_with("runc", "1.9"), FilterTime::last).calls;
  EXPECT_THAT(calls, IsSupersetOf({"futex", "nanosleep", "rt_sigreturn", "epoll_pwait", "mmap"}));
  EXPECT_THAT(calls, Not(Contains("clone")));
}

TEST(StartCalls, ItsOtherThreadsCountWhereTheFilterHoldsForThem) {
  const Calibration calibration = {measured("runc", "1.9", OtherThreads::filtered)};
  EXPECT_THAT(start_calls(calibration, seen_with("runc", "1.9"), FilterTime::last).calls,
              IsSupersetOf({"clone", "sigaltstack", "gettid", "tgkill", "nanosleep"}));
}

TEST(StartCalls, OfAnUnknownVersionAllThatAnyRuntimeNeeds) {
  const StartCalls needed =
      start_calls({measured("runc", "1.9", OtherThreads::free)}, seen_with("runc", "1.10"), FilterTime::last);
  EXPECT_THAT(needed.unknown, ElementsAre("runc 1.10"));
  EXPECT_EQ(needed.calls.size(), seccomp::find_set(seccomp::kRuntimeStart)->calls.size());
}

TEST(StartCalls, OfAnUnknownVersionThatLoadsTheFilterEarlyWhatTheKnownOnesNeedThen) {
  EXPECT_THAT(start_calls({}, seen_with("youki", "0.3"), FilterTime::early).calls,
              IsSupersetOf({"setuid", "capset", "setgroups", "setresuid", "execve", "close"}));
}

TEST(StartCalls, AMeasurementOfTheMachineGoesBeforeTheOneThatComesWithUs) {
  const Calibration calibration = {measured("runc", "1.1.5", OtherThreads::none)};
  EXPECT_THAT(start_calls(calibration, seen_with("runc", "1.1.5+ds1"), FilterTime::last).calls,
              ElementsAre("execve", "uname"));
  EXPECT_THAT(start_calls({}, seen_with("runc", "1.1.5+ds1"), FilterTime::last).calls, Contains("fstatfs"));
}

// With no_new_privs runc and crun are past everything that needs a privilege.
TEST(StartCalls, WhatComesWithUsIsSmallAndKnownToTheSetOfAll) {
  ASSERT_FALSE(shipped_calibration().empty());
  for (const Calibrated& each : shipped_calibration()) {
    EXPECT_THAT(each.last.calls, Contains(std::pair<const std::string, bool>("execve", true))) << each.runtime;
    for (const auto& [call, is_needed] : each.last.calls)
      EXPECT_TRUE(seccomp::is_in(call, seccomp::kRuntimeStart)) << each.runtime << ": " << call;
  }
}

// No attack is known by any of them, or they would be rights.
TEST(Ordinary, CallsAreNoRiskyOnes) {
  for (const seccomp::Risk& risk : seccomp::risks())
    EXPECT_FALSE(seccomp::is_in(risk.syscall, seccomp::kOrdinary)) << risk.id;
}

TEST(Ordinary, AreThereWithHeadroomAndNotInStrict) {
  const Parent parent = default_parent();
  const Collection recordings = {recording_of("a", {"read"})};
  const auto strict = generate(recordings, {.name = "web", .headroom = Headroom::strict}, parent);
  const auto portable = generate(recordings, {.name = "web", .headroom = Headroom::portable}, parent);
  ASSERT_TRUE(strict && portable);
  for (const char* call : {"shutdown", "clock_nanosleep", "uname"}) {
    EXPECT_FALSE(strict->seccomp.reasons.contains(call)) << call;
    EXPECT_EQ(portable->seccomp.reasons.at(call), "no right") << call;
  }
}

TEST(Calibration, ComesBack) {
  const Calibration calibration = {measured("crun", "1.14", OtherThreads::none),
                                   measured("runc", "1.9", OtherThreads::filtered)};
  const auto read = parse_calibration(print_calibration(calibration), "calibration.json");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, calibration);
}

TEST(Calibration, WhatIsWrongIsSaid) {
  EXPECT_THAT(parse_calibration(R"({"version": 2, "runtimes": []})", "c.json").error().message, HasSubstr("version"));
  EXPECT_THAT(parse_calibration(R"({"version": 1, "runtimes": [{"filter_last": {"threads": "many"}}]})", "c.json")
                  .error()
                  .message,
              HasSubstr("none, free or filtered"));
  EXPECT_FALSE(parse_calibration("[]", "c.json"));
}

// A recording's profile under strict has the measured calls and no other runtime's; portable has those too.
TEST(Calibration, DecidesWhatStrictHas) {
  Recording recording = recording_of("a", {"read"});
  recording.host.runtime = "crun";
  recording.host.runtime_version = "1.8.1";
  const Parent parent = default_parent();
  const auto strict = generate({recording}, {.name = "web", .headroom = Headroom::strict}, parent);
  const auto portable = generate({recording}, {.name = "web", .headroom = Headroom::portable}, parent);
  ASSERT_TRUE(strict && portable);
  EXPECT_EQ(strict->seccomp.reasons.at("close"), "runtime");
  EXPECT_FALSE(strict->seccomp.reasons.contains("getdents64"));
  EXPECT_EQ(portable->seccomp.reasons.at("getdents64"), "another runtime");
  for (const char* call : {"exit_group", "restart_syscall", "clock_gettime"})
    EXPECT_EQ(strict->seccomp.reasons.at(call), "any program") << call;
}

}  // namespace
}  // namespace runward::profiles

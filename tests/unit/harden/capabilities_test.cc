// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

const Value kDockerDefault = {"CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
                              "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
                              "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
                              "CAP_KILL",    "CAP_AUDIT_WRITE"};

Value in_three_sets(const Value& names) {
  return {{"capabilities", {{"bounding", names}, {"effective", names}, {"permitted", names}}}};
}
Value with(Value names, const char* name) {
  names.push_back(name);
  return names;
}

TEST(LimitCapabilities, StripsWhatTheEngineGaveBeyondTheProfile) {
  Bench bench;
  bench.policy.capabilities.allowed = {"CHOWN", "KILL"};
  const Value process = in_three_sets(kDockerDefault);
  EXPECT_THAT(bench.refusals(limit_capabilities, process), IsEmpty());
  const Value after = bench.after(limit_capabilities, process);
  for (const char* set : {"bounding", "effective", "permitted"})
    EXPECT_EQ(after["capabilities"][set], Value::array({"CAP_CHOWN", "CAP_KILL"})) << set;
}

TEST(LimitCapabilities, RefusesWhatOnlyAUserCanHaveAskedFor) {
  Bench bench;
  bench.policy.capabilities.allowed = {"CHOWN"};
  EXPECT_THAT(bench.refusals(limit_capabilities, in_three_sets(with(kDockerDefault, "CAP_SYS_ADMIN"))),
              ElementsAre("capability CAP_SYS_ADMIN"));
}

TEST(LimitCapabilities, RefusesOneThatIsInTheAmbientSetOnly) {
  Bench bench;
  EXPECT_THAT(bench.refusals(limit_capabilities, {{"capabilities", {{"ambient", {"CAP_SYS_PTRACE"}}}}}), SizeIs(1));
}

TEST(LimitCapabilities, StripsItWhenToldSo) {
  Bench bench;
  bench.policy.capabilities.allowed = {"CHOWN"};
  bench.strips(RuleId::capabilities);
  const Value process = in_three_sets({"CAP_SYS_ADMIN", "CAP_CHOWN"});
  EXPECT_THAT(bench.refusals(limit_capabilities, process), IsEmpty());
  EXPECT_EQ(bench.after(limit_capabilities, process)["capabilities"]["effective"], Value::array({"CAP_CHOWN"}));
}

TEST(LimitCapabilities, EmptiesInheritableAndAmbient) {
  Bench bench;
  bench.policy.capabilities.allowed = {"CHOWN", "KILL"};
  bench.policy.capabilities.ambient = {"KILL"};
  const Value process = {{"capabilities", {{"inheritable", {"CAP_CHOWN", "CAP_KILL"}}, {"ambient", {"CAP_CHOWN"}}}}};
  const Value after = bench.after(limit_capabilities, process);
  EXPECT_EQ(after["capabilities"]["inheritable"], Value::array({"CAP_KILL"}));
  EXPECT_EQ(after["capabilities"]["ambient"], Value::array());
}

TEST(LimitCapabilities, DropsNamesThatItDoesNotKnow) {
  Bench bench;
  bench.policy.capabilities.allowed = {"CHOWN"};
  EXPECT_EQ(
      bench.after(limit_capabilities, in_three_sets({"CAP_UNHEARD_OF", "", "CAP_CHOWN"}))["capabilities"]["bounding"],
      Value::array({"CAP_CHOWN"}));
}

TEST(LimitCapabilities, JudgesLowerCaseNamesAsTheCapabilitiesThatTheyAre) {
  const Bench bench;
  EXPECT_THAT(bench.refusals(limit_capabilities, in_three_sets({"cap_sys_admin"})), SizeIs(1));
}

TEST(LimitCapabilities, KeepsOnRequestOnesThatWereChosenWithoutTheDefaultSet) {
  Bench bench;
  bench.policy.capabilities.on_request = {"NET_BIND_SERVICE"};
  const Value after = bench.after(limit_capabilities, in_three_sets({"CAP_NET_BIND_SERVICE"}));
  EXPECT_EQ(after["capabilities"]["bounding"], Value::array({"CAP_NET_BIND_SERVICE"}));
}

TEST(LimitCapabilities, StripsOnRequestOnesThatCameWithTheDefaultSet) {
  Bench bench;
  bench.policy.capabilities.on_request = {"NET_RAW"};
  EXPECT_EQ(bench.after(limit_capabilities, in_three_sets(kDockerDefault))["capabilities"]["bounding"], Value::array());
}

// policy.h: "kept when they were asked for by name, not with the engine's default set". --cap-add IPC_LOCK names it: no
// engine gives it by itself, so that the default set stands beside it says nothing.
TEST(LimitCapabilities, KeepsOnRequestOnesThatWereAddedToTheDefaultSet) {
  Bench bench;
  bench.policy.capabilities.on_request = {"IPC_LOCK"};
  const Value process = in_three_sets(with(kDockerDefault, "CAP_IPC_LOCK"));
  EXPECT_THAT(bench.refusals(limit_capabilities, process), IsEmpty());
  EXPECT_EQ(bench.after(limit_capabilities, process)["capabilities"]["bounding"], Value::array({"CAP_IPC_LOCK"}));
}

TEST(LimitCapabilities, AddsNoSetThatIsAbsent) {
  Bench bench;
  bench.policy.capabilities.allowed = {"CHOWN"};
  EXPECT_THAT(bench.verdict(limit_capabilities, Value::object()).changes, IsEmpty());
}

}  // namespace
}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0

// What the steps make of an exec's process beside the container's first one.

#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

const Value kFirst = {
    {"capabilities",
     {{"bounding", {"CAP_CHOWN", "CAP_KILL"}}, {"effective", {"CAP_CHOWN"}}, {"permitted", {"CAP_CHOWN", "CAP_KILL"}}}},
    {"apparmorProfile", "docker-default"},
    {"selinuxLabel", "system_u:system_r:container_t:s0:c1,c2"},
    {"oomScoreAdj", 300},
    {"rlimits", {{{"type", "RLIMIT_NOFILE"}, {"soft", 100}, {"hard", 200}}}}};

class Exec : public testing::Test {
 protected:
  Exec() {
    bench_.first = &first_;
    // The policy would allow more than this container has.
    bench_.policy.capabilities.allowed = {"CHOWN", "KILL", "NET_RAW"};
    bench_.policy.rlimits["RLIMIT_NOFILE"] = {.soft = 4096, .hard = 4096};
  }
  const oci::Process first_{kFirst};
  Bench bench_;
};

Value with_all(const char* capability) {
  Value sets = Value::object();
  for (const std::string_view set : oci::kCapabilitySets)
    sets[std::string(set)] = {"CAP_CHOWN", "CAP_KILL", capability};
  return {{"capabilities", sets}};
}

TEST_F(Exec, GetsOfEachCapabilitySetWhatTheFirstProcessHas) {
  const Value after = bench_.after(limit_capabilities, with_all("CAP_NET_RAW"));
  EXPECT_EQ(after["capabilities"], Value({{"bounding", {"CAP_CHOWN", "CAP_KILL"}},
                                          {"effective", {"CAP_CHOWN"}},
                                          {"permitted", {"CAP_CHOWN", "CAP_KILL"}},
                                          {"inheritable", Value::array()},
                                          {"ambient", Value::array()}}));
}

TEST_F(Exec, IsStrippedOfTheEnginesOwnAndRefusedWhatWasAskedFor) {
  EXPECT_THAT(bench_.refusals(limit_capabilities, with_all("CAP_NET_RAW")), IsEmpty());
  EXPECT_THAT(bench_.refusals(limit_capabilities, with_all("CAP_SYS_ADMIN")), ElementsAre("capability CAP_SYS_ADMIN"));
  bench_.strips(RuleId::capabilities);
  EXPECT_THAT(bench_.refusals(limit_capabilities, with_all("CAP_SYS_ADMIN")), IsEmpty());
}

const Value kAll = {{"capabilities",
                     {{"bounding",
                       {"CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_PTRACE", "CAP_SYS_BOOT",
                        "CAP_NET_ADMIN", "CAP_MAC_ADMIN", "CAP_DAC_READ_SEARCH", "CAP_CHOWN"}}}},
                    {"apparmorProfile", "unconfined"}};

TEST_F(Exec, PrivilegedIsRefused) {
  EXPECT_THAT(bench_.refusals(refuse_privileged_exec, kAll), ElementsAre("a privileged exec"));
  EXPECT_THAT(bench_.refusals(refuse_privileged_exec, with_all("CAP_SYS_ADMIN")), IsEmpty());
}

TEST_F(Exec, PrivilegedIsStrippedWhereTheProfileSaysSo) {
  bench_.strips(RuleId::privileged);
  EXPECT_EQ(bench_.after(refuse_privileged_exec, kAll), Value({{"capabilities", {{"bounding", {"CAP_CHOWN"}}}}}));
}

TEST_F(Exec, PrivilegedIsNoMoreThanAPrivilegedContainerHas) {
  const oci::Process privileged(kAll);
  bench_.first = &privileged;
  EXPECT_THAT(bench_.refusals(refuse_privileged_exec, kAll), IsEmpty());
}

TEST_F(Exec, HasTheFirstProcessesAppArmorProfile) {
  EXPECT_EQ(bench_.after(set_apparmor_profile, Value::object())["apparmorProfile"], "docker-default");
  EXPECT_EQ(bench_.after(set_apparmor_profile, {{"apparmorProfile", "mine"}})["apparmorProfile"], "docker-default");
  EXPECT_THAT(bench_.refusals(set_apparmor_profile, {{"apparmorProfile", "unconfined"}}), SizeIs(1));
  bench_.strips(RuleId::apparmor);
  EXPECT_EQ(bench_.after(set_apparmor_profile, {{"apparmorProfile", "unconfined"}})["apparmorProfile"],
            "docker-default");
}

TEST_F(Exec, HasNoAppArmorProfileOfItsOwnChoiceButMayBeConfinedMore) {
  const Value nothing = Value::object();
  const oci::Process unconfined(nothing);
  bench_.first = &unconfined;
  bench_.strips(RuleId::apparmor);
  EXPECT_EQ(bench_.after(set_apparmor_profile, {{"apparmorProfile", "unconfined"}}), Value::object());
  EXPECT_EQ(bench_.after(set_apparmor_profile, {{"apparmorProfile", "tight"}})["apparmorProfile"], "tight");
}

TEST_F(Exec, HasTheFirstProcessesSelinuxLabel) {
  bench_.host.selinux_enabled = true;
  const Value other = {{"selinuxLabel", "system_u:system_r:container_t:s0:c3,c4"}};
  EXPECT_EQ(bench_.after(keep_selinux_label, other)["selinuxLabel"], kFirst["selinuxLabel"]);
  EXPECT_THAT(bench_.refusals(keep_selinux_label, Value::object()), SizeIs(1));
}

TEST_F(Exec, HasNoHigherRlimitThanTheFirstProcess) {
  const auto nofile = [](std::uint64_t soft, std::uint64_t hard) {
    return Value({{"type", "RLIMIT_NOFILE"}, {"soft", soft}, {"hard", hard}});
  };
  EXPECT_EQ(bench_.after(limit_rlimits, Value::object())["rlimits"], Value::array({nofile(100, 200)}));
  EXPECT_EQ(bench_.after(limit_rlimits, {{"rlimits", {nofile(4096, 4096)}}})["rlimits"],
            Value::array({nofile(100, 200)}));
  EXPECT_EQ(bench_.after(limit_rlimits, {{"rlimits", {nofile(10, 20)}}})["rlimits"], Value::array({nofile(10, 20)}));
}

TEST_F(Exec, HasNoHigherRlimitThanTheFirstProcessInherited) {
  bench_.host.rlimits["RLIMIT_CORE"] = {.type = "RLIMIT_CORE", .soft = 5, .hard = 10};
  const auto core = [](std::uint64_t limit) {
    return Value({{"type", "RLIMIT_CORE"}, {"soft", limit}, {"hard", limit}});
  };
  EXPECT_EQ(bench_.after(limit_rlimits, {{"rlimits", {core(1)}}})["rlimits"][0], core(1));
  EXPECT_EQ(bench_.after(limit_rlimits, {{"rlimits", {core(100)}}})["rlimits"][0],
            Value({{"type", "RLIMIT_CORE"}, {"soft", 5}, {"hard", 10}}));
}

TEST_F(Exec, IsNotSparedByTheOomKillerMoreThanTheFirstProcess) {
  EXPECT_EQ(bench_.after(limit_oom_score, {{"oomScoreAdj", 0}})["oomScoreAdj"], 300);  // what dockerd sends
  EXPECT_EQ(bench_.after(limit_oom_score, Value::object())["oomScoreAdj"], 300);
  EXPECT_EQ(bench_.after(limit_oom_score, {{"oomScoreAdj", 500}})["oomScoreAdj"], 500);
  EXPECT_THAT(bench_.refusals(limit_oom_score, {{"oomScoreAdj", -1}}), SizeIs(1));
}

// Where rules are off: whatever the policy says, the first process is the measure.
class ExecWithRulesOff : public Exec {
 protected:
  ExecWithRulesOff() {
    for (policy::RuleSetting& setting : bench_.policy.rules) setting.mode = policy::Mode::off;
  }
  [[nodiscard]] Value hardened(Value process) const {
    const auto report = harden(oci::Document::process, process, bench_.context());
    EXPECT_TRUE(report);
    refused_ = report && report->refused();
    return process;
  }
  mutable bool refused_ = false;
};

TEST_F(ExecWithRulesOff, HasNoMoreThanTheFirstProcess) {
  bench_.host.selinux_enabled = true;
  const Value after = hardened({{"capabilities", with_all("CAP_NET_RAW")["capabilities"]},
                                {"apparmorProfile", "mine"},
                                {"selinuxLabel", "system_u:system_r:spc_t:s0"},
                                {"oomScoreAdj", -5},
                                {"rlimits", {{{"type", "RLIMIT_NOFILE"}, {"soft", 4096}, {"hard", 4096}}}}});
  EXPECT_FALSE(refused_);
  EXPECT_EQ(after["capabilities"]["bounding"], kFirst["capabilities"]["bounding"]);
  EXPECT_EQ(after["capabilities"]["ambient"], Value::array());
  for (const char* key : {"apparmorProfile", "selinuxLabel", "oomScoreAdj", "rlimits"})
    EXPECT_EQ(after[key], kFirst[key]) << key;
}

TEST_F(ExecWithRulesOff, HasNoNewPrivilegesWhereTheFirstProcessHas) {
  EXPECT_FALSE(hardened({{"noNewPrivileges", false}})["noNewPrivileges"]);
  const Value set = {{"noNewPrivileges", true}};
  const oci::Process first(set);
  bench_.first = &first;
  EXPECT_TRUE(hardened({{"noNewPrivileges", false}})["noNewPrivileges"]);
  EXPECT_TRUE(hardened(Value::object())["noNewPrivileges"]);
}

TEST_F(ExecWithRulesOff, IsLeftAloneWhereTheFirstProcessHasNothing) {
  const Value nothing = Value::object();
  const oci::Process first(nothing);
  bench_.first = &first;
  bench_.host.selinux_enabled = true;
  const Value asked = {{"oomScoreAdj", -5}, {"noNewPrivileges", false}, {"user", {{"uid", 0}}}};
  EXPECT_EQ(hardened(asked), asked);
  EXPECT_FALSE(refused_);
}

TEST_F(ExecWithRulesOff, IsLeftAloneOnAHostThatWatchesOnly) {
  const Value asked = {{"capabilities", with_all("CAP_SYS_ADMIN")["capabilities"]}, {"oomScoreAdj", -5}};
  for (const policy::Mode mode : {policy::Mode::audit, policy::Mode::off}) {
    bench_.policy.host_mode = mode;
    EXPECT_EQ(hardened(asked), asked);
    EXPECT_FALSE(refused_);
  }
}

TEST_F(Exec, CgroupOfItsOwnIsRefused) {
  EXPECT_THAT(bench_.refusals(refuse_exec_flags, Value::object()), IsEmpty());
  bench_.call.exec_cgroup = true;
  EXPECT_THAT(bench_.refusals(refuse_exec_flags, Value::object()), SizeIs(1));
}

}  // namespace
}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shim/policy/store.h"

namespace runward::policy {
namespace {

Policy policy_with_memory(std::optional<Amount> when_unset, std::optional<Amount> ceiling) {
  Policy policy;
  policy.memory = {.when_unset = when_unset, .ceiling = ceiling};
  return policy;
}

Config config_with_memory(Amount ceiling) {
  Config config;
  config.ceilings.memory = ceiling;
  return config;
}

TEST(Ceilings, ClampWhatTheProfileGivesAndAllows) {
  Policy policy = policy_with_memory(Amount{.absolute = 500, .percent = {}}, Amount{.absolute = 900, .percent = {}});
  apply_host(config_with_memory({.absolute = 300, .percent = {}}), policy);
  EXPECT_EQ(policy.memory.when_unset->absolute, 300U);
  EXPECT_EQ(policy.memory.ceiling->absolute, 300U);
}

TEST(Ceilings, LeaveWhatIsLower) {
  Policy policy = policy_with_memory(Amount{.absolute = 100, .percent = {}}, Amount{.absolute = 200, .percent = {}});
  apply_host(config_with_memory({.absolute = 300, .percent = {}}), policy);
  EXPECT_EQ(policy.memory.when_unset->absolute, 100U);
  EXPECT_EQ(policy.memory.ceiling->absolute, 200U);
}

TEST(Ceilings, KeepBothWhereOnlyTheHostCanTellTheSmaller) {
  Policy policy = policy_with_memory({}, Amount{.absolute = 200, .percent = {}});
  apply_host(config_with_memory({.absolute = {}, .percent = 50}), policy);
  EXPECT_FALSE(policy.memory.when_unset);
  EXPECT_EQ(policy.memory.ceiling->absolute, 200U);
  EXPECT_EQ(policy.memory.ceiling->percent, 50U);
}

TEST(Ceilings, HoldForAProfileThatHasNone) {
  Policy policy;
  apply_host(config_with_memory({.absolute = 300, .percent = {}}), policy);
  EXPECT_EQ(policy.memory.ceiling->absolute, 300U);
}

TEST(Ceilings, HoldEvenWhenTheProfilesRuleIsOffButWithoutItsNumbers) {
  for (const Mode mode : {Mode::off, Mode::audit}) {
    Policy policy = policy_with_memory(Amount{.absolute = 100, .percent = {}}, Amount{.absolute = 200, .percent = {}});
    policy.rule(RuleId::memory).mode = mode;
    apply_host(config_with_memory({.absolute = 300, .percent = {}}), policy);
    EXPECT_EQ(policy.rule(RuleId::memory).mode, Mode::enforce);
    EXPECT_FALSE(policy.memory.when_unset);
    EXPECT_EQ(policy.memory.ceiling->absolute, 300U);
  }
}

TEST(Ceilings, CannotBeLiftedByACgroupKey) {
  Policy policy;
  policy.unified_keys = {"memory.max", "io.weight"};
  policy.rule(RuleId::unified).mode = Mode::off;
  apply_host(config_with_memory({.absolute = 300, .percent = {}}), policy);
  EXPECT_EQ(policy.rule(RuleId::unified).mode, Mode::enforce);
  EXPECT_THAT(policy.unified_keys, testing::ElementsAre("io.weight"));
}

TEST(Ceilings, CutCapabilities) {
  Policy policy;
  policy.capabilities = {.allowed = {"CHOWN", "KILL"}, .on_request = {"NET_RAW", "SETUID"}, .ambient = {"SETUID"}};
  Config config;
  config.ceilings.capabilities = oci::CapabilitySet{"CHOWN", "SETUID"};
  apply_host(config, policy);
  EXPECT_EQ(policy.capabilities.allowed, (oci::CapabilitySet{"CHOWN"}));
  EXPECT_EQ(policy.capabilities.on_request, (oci::CapabilitySet{"SETUID"}));
  EXPECT_EQ(policy.capabilities.ambient, (oci::CapabilitySet{"SETUID"}));
}

TEST(Ceilings, CutCapabilitiesWhereTheProfileHadNoRuleForThem) {
  Policy policy;
  policy.rule(RuleId::capabilities).mode = Mode::off;
  Config config;
  config.ceilings.capabilities = oci::CapabilitySet{"CHOWN"};
  apply_host(config, policy);
  EXPECT_EQ(policy.rule(RuleId::capabilities).mode, Mode::enforce);
  EXPECT_EQ(policy.capabilities.allowed, (oci::CapabilitySet{"CHOWN"}));
}

TEST(Ceilings, SetRequiredRulesBackToEnforce) {
  Policy policy;
  policy.rule(RuleId::seccomp).mode = Mode::off;
  policy.rule(RuleId::user).mode = Mode::off;
  Config config;
  config.ceilings.required_rules = {RuleId::seccomp};
  apply_host(config, policy);
  EXPECT_EQ(policy.rule(RuleId::seccomp).mode, Mode::enforce);
  EXPECT_EQ(policy.rule(RuleId::user).mode, Mode::off);
}

TEST(HostMode, AuditLeavesOffWhatIsOff) {
  Policy policy;
  policy.rule(RuleId::user).mode = Mode::off;
  Config config;
  config.mode = Mode::audit;
  config.ceilings.required_rules = {RuleId::seccomp};
  apply_host(config, policy);
  EXPECT_EQ(policy.host_mode, Mode::audit);
  EXPECT_EQ(policy.rule(RuleId::seccomp).mode, Mode::audit);
  EXPECT_EQ(policy.rule(RuleId::user).mode, Mode::off);
}

TEST(HostMode, OffIsTheAdministratorsLastWord) {
  Policy policy;
  Config config = config_with_memory({.absolute = 300, .percent = {}});
  config.mode = Mode::off;
  config.ceilings.required_rules = {RuleId::seccomp};
  apply_host(config, policy);
  for (const RuleSetting& setting : policy.rules) EXPECT_EQ(setting.mode, Mode::off);
}

}  // namespace
}  // namespace runward::policy

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string_view>

#include "shim/policy/store.h"

namespace runward::policy {
namespace {

// An amount is the smallest of its parts, so the smaller of two amounts is made of the smaller parts, without a host to
// look at.
template <typename T>
std::optional<T> smaller(const std::optional<T>& a, const std::optional<T>& b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

Amount smaller(const Amount& a, const Amount& b) {
  return {.absolute = smaller(a.absolute, b.absolute), .percent = smaller(a.percent, b.percent)};
}

// Cgroup v2 keys by which a document could lift what a ceiling holds down.
struct CeilingKeys {
  RuleId rule;
  std::array<std::string_view, 4> keys;
};
constexpr std::array kCeilingKeys = {
    CeilingKeys{RuleId::memory, {"memory.max", "memory.swap.max", "memory.high", "memory.zswap.max"}},
    CeilingKeys{RuleId::cpu, {"cpu.max", "cpu.max.burst"}},
    CeilingKeys{RuleId::pids, {"pids.max"}},
};

void hold_unified(RuleId rule, Policy& policy) {
  policy.rule(RuleId::unified).mode = Mode::enforce;
  for (const CeilingKeys& row : kCeilingKeys)
    if (row.rule == rule)
      for (const std::string_view key : row.keys) policy.unified_keys.erase(std::string(key));
}

void hold(const std::optional<Amount>& ceiling, RuleId rule, Limit& limit, Policy& policy) {
  if (!ceiling) return;
  hold_unified(rule, policy);
  RuleSetting& setting = policy.rule(rule);
  if (setting.mode != Mode::enforce) {
    // The profile asked for nothing here: only what the host says holds, not the profile's own numbers.
    setting.mode = Mode::enforce;
    limit = {.when_unset = {}, .ceiling = ceiling};
    return;
  }
  limit.ceiling = limit.ceiling ? smaller(*limit.ceiling, *ceiling) : *ceiling;
  if (limit.when_unset) limit.when_unset = smaller(*limit.when_unset, *ceiling);
}

void hold_capabilities(oci::CapabilitySet ceiling, Policy& policy) {
  RuleSetting& setting = policy.rule(RuleId::capabilities);
  if (setting.mode != Mode::enforce) {
    setting.mode = Mode::enforce;
    policy.capabilities = {.allowed = ceiling, .on_request = {}, .ambient = ceiling};
    return;
  }
  policy.capabilities.allowed = policy.capabilities.allowed & ceiling;
  policy.capabilities.on_request = policy.capabilities.on_request & ceiling;
  policy.capabilities.ambient = policy.capabilities.ambient & ceiling;
}

}  // namespace

void apply_host(const Config& config, Policy& policy) {
  for (const RuleId rule : config.ceilings.required_rules) policy.rule(rule).mode = Mode::enforce;
  hold(config.ceilings.memory, RuleId::memory, policy.memory, policy);
  hold(config.ceilings.cpu, RuleId::cpu, policy.cpu, policy);
  hold(config.ceilings.pids, RuleId::pids, policy.pids, policy);
  if (config.ceilings.capabilities) hold_capabilities(*config.ceilings.capabilities, policy);
  policy.host_mode = config.mode;
  if (config.mode == Mode::enforce) return;
  for (RuleSetting& setting : policy.rules)
    if (setting.mode == Mode::enforce || config.mode == Mode::off) setting.mode = config.mode;
}

}  // namespace runward::policy

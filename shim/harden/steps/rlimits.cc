// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

// What is absent is inherited from the engine; a limit must not raise that.
oci::Value limit_for_absent(const std::string& type, const policy::Rlimit& limit, const Context& ctx) {
  const auto inherited = ctx.host.rlimits.find(type);
  const bool known = inherited != ctx.host.rlimits.end();
  const std::uint64_t hard = known ? std::min(limit.hard, inherited->second.hard) : limit.hard;
  const std::uint64_t soft = known ? std::min(limit.soft, inherited->second.soft) : limit.soft;
  return {{"type", type}, {"soft", std::min(soft, hard)}, {"hard", hard}};
}

}  // namespace

Verdict limit_rlimits(const oci::Process& process, const Context& ctx) {
  Verdict verdict;
  const auto given = process.rlimits();
  const oci::Pointer list("/rlimits");
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto rule = ctx.policy.rlimits.find(given[i].type);
    if (rule == ctx.policy.rlimits.end()) continue;
    const std::uint64_t hard = std::min(given[i].hard, rule->second.hard);
    verdict.set(process.value(), list / i / "hard", hard, "not more than the profile allows");
    verdict.set(process.value(), list / i / "soft", std::min(given[i].soft, hard), "not more than the hard limit");
  }
  for (const auto& [type, limit] : ctx.policy.rlimits) {
    const bool is_given = std::ranges::any_of(given, [&](const oci::Rlimit& entry) { return entry.type == type; });
    if (!is_given)
      verdict.insert(list, std::nullopt, limit_for_absent(type, limit, ctx), "the profile's limit, as there was none");
  }
  return verdict;
}

}  // namespace runward::harden::steps

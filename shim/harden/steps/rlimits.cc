// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

// The profile's limit, but nothing above what the container would inherit from the engine: that would raise it.
policy::Rlimit limit_here(const std::string& type, policy::Rlimit limit, const Context& ctx) {
  const auto inherited = ctx.host.rlimits.find(type);
  if (inherited == ctx.host.rlimits.end()) return limit;
  limit.hard = std::min(limit.hard, inherited->second.hard);
  limit.soft = std::min({limit.soft, inherited->second.soft, limit.hard});
  return limit;
}

}  // namespace

Verdict limit_rlimits(const oci::Process& process, const Context& ctx) {
  Verdict verdict;
  const auto given = process.rlimits();
  const oci::Pointer list("/rlimits");
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto rule = ctx.policy.rlimits.find(given[i].type);
    if (rule == ctx.policy.rlimits.end()) continue;
    const bool too_much = given[i].hard > rule->second.hard;
    const std::uint64_t hard = too_much ? limit_here(given[i].type, rule->second, ctx).hard : given[i].hard;
    verdict.set(process.value(), list / i / "hard", hard, "not more than the profile allows");
    verdict.set(process.value(), list / i / "soft", std::min(given[i].soft, hard), "not more than the hard limit");
  }
  for (const auto& [type, limit] : ctx.policy.rlimits) {
    const bool is_given = std::ranges::any_of(given, [&](const oci::Rlimit& entry) { return entry.type == type; });
    if (is_given) continue;
    const policy::Rlimit here = limit_here(type, limit, ctx);
    verdict.insert(list, std::nullopt, {{"type", type}, {"soft", here.soft}, {"hard", here.hard}},
                   "the profile's limit, as there was none");
  }
  return verdict;
}

}  // namespace runward::harden::steps

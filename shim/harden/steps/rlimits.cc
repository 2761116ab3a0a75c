// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {

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
      verdict.insert(list, std::nullopt, {{"type", type}, {"soft", limit.soft}, {"hard", limit.hard}},
                     "the profile's limit, as there was none");
  }
  return verdict;
}

}  // namespace runward::harden::steps

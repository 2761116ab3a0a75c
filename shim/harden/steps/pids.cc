// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/amount.h"
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {

Verdict limit_pids(const oci::LinuxResources& resources, const Context& ctx) {
  constexpr std::uint64_t kMostPids = 4194304;  // PID_MAX_LIMIT, what a percentage refers to
  Verdict verdict;
  const auto given = resources.integer("pids", "limit");
  const auto asked = ctx.call.update ? asked_in_update(given) : asked_for(given);
  if (ctx.call.update && !asked) return verdict;
  if (const auto changed = limited(asked, ctx.policy.pids, kMostPids))
    verdict.set(resources.value(), oci::Pointer("/pids/limit"), *changed,
                asked ? "more than the ceiling" : "no limit was asked for");
  return verdict;
}

}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/amount.h"
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {

// runc writes these keys to cgroup v2 as they are, after and over memory, cpu and pids.
Verdict limit_unified(const oci::LinuxResources& resources, const Context& ctx) {
  Verdict verdict;
  for (const std::string& key : resources.unified_keys()) {
    if (ctx.policy.unified_keys.contains(key)) continue;
    const oci::Pointer where = oci::Pointer("/unified") / key;
    const oci::Value* const value = oci::find(resources.value(), where);
    if (key == kSwapKey && value != nullptr && *value == kNoSwap) continue;  // rule memory's own
    if (ctx.refuses(policy::RuleId::unified))
      verdict.refuse(where, "cgroup key " + quote(key),
                     "use --memory, --cpus or --pids-limit, or a profile whose unified.allowed lists it");
    else
      verdict.remove(resources.value(), where, "a cgroup key that the profile does not list");
  }
  return verdict;
}

}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {

// user.max_user_namespaces=0 would belong here, but runc and crun refuse every sysctl of the user namespace.
Verdict limit_sysctl(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  for (const auto& [name, value] : spec.sysctl()) {
    if (policy::matches_any(ctx.policy.sysctls, name)) continue;
    const oci::Pointer where = oci::Pointer("/linux/sysctl") / name;
    if (ctx.refuses(policy::RuleId::sysctl))
      verdict.refuse(where, "kernel parameter " + quote(name),
                     "drop --sysctl, or use a profile whose sysctl.allowed lists it");
    else
      verdict.remove(spec.value(), where, "a kernel parameter that the profile does not list");
  }
  return verdict;
}

}  // namespace runward::harden::steps

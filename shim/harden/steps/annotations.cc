// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {

// runc turns org.systemd.property.* into properties of the unit (CVE-2024-3154), org.criu.config into a configuration
// file of CRIU; crun obeys run.oci.*.
Verdict strip_annotations(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  for (const auto& [name, value] : spec.annotations())
    if (policy::matches_any(ctx.policy.annotations_denied, name) &&
        !policy::matches_any(ctx.policy.annotations_allowed, name))
      verdict.remove(spec.value(), oci::Pointer("/annotations") / name, "it controls the runtime");
  return verdict;
}

}  // namespace runward::harden::steps

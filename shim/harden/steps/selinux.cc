// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {

// `--security-opt label=disable` leaves the label out or asks for spc_t, the type that is confined in nothing.
Verdict keep_selinux_label(const oci::Process& process, const Context& ctx) {
  Verdict verdict;
  if (!ctx.host.selinux_enabled) return verdict;
  const std::string label = process.selinux_label().value_or("");
  const bool unconfined =
      label.empty() || label.find(":spc_t:") != std::string::npos || label.find(":unconfined_t:") != std::string::npos;
  if (unconfined && !ctx.only_as_first(policy::RuleId::selinux))
    verdict.refuse(oci::Pointer("/selinuxLabel"), "a container without an SELinux label of its own",
                   "drop --security-opt label=disable, and start the engine with SELinux support");
  else if (ctx.first != nullptr && ctx.first->selinux_label())
    verdict.set(process.value(), oci::Pointer("/selinuxLabel"), *ctx.first->selinux_label(),
                "the label of the container's first process");
  return verdict;
}

}  // namespace runward::harden::steps

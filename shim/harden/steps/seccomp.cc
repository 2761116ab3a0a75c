// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "shim/harden/engine_defaults.h"
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

// SECCOMP_FILTER_FLAG_SPEC_ALLOW switches the Spectre mitigations off for the process (seccomp(2)).
void drop_spec_allow(Verdict& verdict, const oci::Spec& spec) {
  const oci::Value* const flags = oci::find(*spec.seccomp(), "flags");
  if (flags == nullptr) return;
  for (std::size_t i = flags->size(); i-- > 0;)
    if ((*flags)[i] == "SECCOMP_FILTER_FLAG_SPEC_ALLOW")
      verdict.remove(spec.value(), oci::Pointer("/linux/seccomp/flags") / i, "it switches Spectre mitigations off");
}

}  // namespace

// dockerd gives its own filter to everybody who did not ask otherwise; other engines (ctr, BuildKit) may give none.
Verdict require_seccomp(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  if (!is_unconfined(spec.seccomp())) {
    drop_spec_allow(verdict, spec);
    return verdict;
  }
  const bool asked = spec.seccomp() != nullptr || ctx.engine_is_docker();
  if (asked && ctx.refuses(policy::RuleId::seccomp)) {
    verdict.refuse(oci::Pointer("/linux/seccomp"), "a container without a seccomp filter",
                   "drop --security-opt seccomp=unconfined (and 'seccomp-profile' of daemon.json), or give a filter "
                   "whose defaultAction is SCMP_ACT_ERRNO");
    return verdict;
  }
  if (ctx.seccomp_baseline == nullptr)
    verdict.refuse(oci::Pointer("/linux/seccomp"), "a container without a seccomp filter",
                   "the profile names no baseline to put in its place");
  else
    verdict.set(spec.value(), oci::Pointer("/linux/seccomp"), *ctx.seccomp_baseline,
                "the profile's baseline, as there was none");
  return verdict;
}

}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/seccomp_filter.h"

#include <cassert>
#include <utility>

#include "seccomp/compile.h"
#include "seccomp/derive.h"
#include "seccomp/print.h"

namespace runward::harden {

SeccompFilter seccomp_filter(const Context& ctx, const oci::CapabilitySet& bounding, const seccomp::Profile* asked,
                             Loaded loaded) {
  assert(ctx.seccomp_baseline != nullptr);
  seccomp::Environment environment{.capabilities = {},
                                   .architecture = seccomp::native_architecture(),
                                   .kernel = seccomp::parse_kernel_version(ctx.host.kernel_release)};
  for (std::string& name : bounding.names()) environment.capabilities.insert(std::move(name));
  seccomp::Derived derived = seccomp::derive(*ctx.seccomp_baseline, environment, asked);
  SeccompFilter filter{
      .json = {},
      .given_up = std::move(derived.given_up),
      .hinders_dropping = loaded == Loaded::before_dropping ? seccomp::hinders_dropping(derived) : std::nullopt,
      .missing_for_start = seccomp::keeps_from_starting(derived.profile)};
  if (ctx.seccomp_logged_within != nullptr) {
    const seccomp::Derived within = seccomp::derive(*ctx.seccomp_logged_within, environment, asked);
    derived.profile = seccomp::log_refusals(derived.profile, within.profile);
  }
  if (ctx.seccomp_logs_allowed) derived.profile = seccomp::log_allowed(derived.profile);
  filter.json = seccomp::to_json(derived.profile);
  return filter;
}

}  // namespace runward::harden

// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {

namespace {

// dockerd takes the profile of an exec from its own configuration of the container.
Verdict as_first_process(const oci::Process& process, const Context& ctx) {
  Verdict verdict;
  const oci::Pointer where("/apparmorProfile");
  const auto wanted = ctx.first->apparmor_profile();
  const bool unconfined = process.apparmor_profile() == "unconfined" && wanted != "unconfined";
  if (unconfined && ctx.refuses(policy::RuleId::apparmor))
    verdict.refuse(where, "a process without AppArmor", "drop --privileged, or --apparmor unconfined");
  else if (wanted)
    verdict.set(process.value(), where, *wanted, "the AppArmor profile of the container's first process");
  else if (unconfined)
    verdict.remove(process.value(), where, "as the container's first process");
  return verdict;
}

const char* way_out(const Context& ctx) {
  if (!ctx.host.apparmor_enabled) return "boot a kernel with AppArmor, or set apparmor.required to false";
  if (ctx.policy.apparmor.source.empty()) return "load it with apparmor_parser -r";
  return "install the package apparmor, or set apparmor.required to false";
}

}  // namespace

// An AppArmor profile that the kernel does not have makes runc fail, so the name is set only where it is loaded or,
// before the runtime starts, will be.
Verdict set_apparmor_profile(const oci::Process& process, const Context& ctx) {
  if (ctx.first != nullptr) return as_first_process(process, ctx);
  Verdict verdict;
  const auto& rule = ctx.policy.apparmor;
  const oci::Pointer where("/apparmorProfile");
  const auto asked = process.apparmor_profile();
  if (asked == "unconfined" && ctx.refuses(policy::RuleId::apparmor)) {
    verdict.refuse(where, "a container without AppArmor", "drop --security-opt apparmor=unconfined");
    return verdict;
  }
  const host::HostFacts& host = ctx.host;
  const bool available = host.apparmor_loaded.contains(rule.profile) || host.apparmor_loadable.contains(rule.profile);
  if (host.apparmor_enabled && available)
    verdict.set(process.value(), where, rule.profile, "the profile's AppArmor profile");
  else if (rule.required)
    verdict.refuse(where,
                   "a container without the AppArmor profile " + quote(rule.profile) +
                       ", which this host has neither loaded nor can load",
                   way_out(ctx));
  return verdict;
}

}  // namespace runward::harden::steps

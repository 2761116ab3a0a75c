// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/engine_defaults.h"
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

using oci::CapabilitySet;

// `on_request` capabilities count only when somebody chose them. What lies beyond the engine's default set was chosen;
// what lies within it, only where that set did not come whole.
CapabilitySet allowed_at_start(const oci::Process& process, const policy::Capabilities& rule) {
  const bool whole_default = process.all_capabilities().includes(common_engine_capabilities());
  return rule.allowed | (whole_default ? rule.on_request - engine_capabilities() : rule.on_request);
}

CapabilitySet allowed_for(const oci::Process& process, const Context& ctx) {
  return ctx.first != nullptr ? ctx.first->all_capabilities() : allowed_at_start(process, ctx.policy.capabilities);
}

CapabilitySet allowed_in(std::string_view set, CapabilitySet allowed, const Context& ctx) {
  const policy::Capabilities& rule = ctx.policy.capabilities;
  if (ctx.first != nullptr) return ctx.first->capability_set(set);
  // Inheritable ones (CVE-2022-24769) and ambient ones (capabilities(7)) survive an execve of any program.
  return set == "inheritable" || set == "ambient" ? allowed & rule.ambient : allowed;
}

std::string advice_for(const std::string& name, const Context& ctx) {
  if (ctx.first != nullptr) return "the container was started without it: drop --privileged or --cap";
  return "drop --cap-add " + name.substr(4) + ", or use a profile whose capabilities.allowed lists it";
}

void refuse_asked(Verdict& verdict, const oci::Process& process, CapabilitySet allowed, const Context& ctx) {
  for (const oci::Capability capability : (process.all_capabilities() - allowed - engine_capabilities()).members())
    verdict.refuse(oci::Pointer("/capabilities/bounding"), "capability " + to_string(capability),
                   advice_for(to_string(capability), ctx));
}

}  // namespace

Verdict limit_capabilities(const oci::Process& process, const Context& ctx) {
  Verdict verdict;
  const CapabilitySet allowed = allowed_for(process, ctx);
  if (ctx.refuses(policy::RuleId::capabilities)) refuse_asked(verdict, process, allowed, ctx);
  for (const std::string_view set : oci::kCapabilitySets) {
    const auto given = process.capabilities(set);
    if (!given) continue;
    const CapabilitySet keep = allowed_in(set, allowed, ctx);
    oci::Value kept = oci::Value::array();
    for (const std::string& name : *given)
      if (const auto capability = oci::parse_capability(name); capability && keep.has(*capability))
        kept.push_back(to_string(*capability));
    verdict.set(process.value(), oci::Pointer("/capabilities") / std::string(set), std::move(kept),
                ctx.first != nullptr ? "only what the container was started with" : "only what the profile allows");
  }
  return verdict;
}

}  // namespace runward::harden::steps

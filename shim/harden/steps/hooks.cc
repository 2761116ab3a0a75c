// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

// Hooks run as root on the host. dockerd up to 27 and BuildKit call themselves to set the network up.
bool is_engine(std::string_view resolved) {
  constexpr std::array<std::string_view, 4> kEngines = {"dockerd", "buildkitd", "containerd", "docker-buildkitd"};
  return std::ranges::find(kEngines, resolved.substr(resolved.rfind('/') + 1)) != kEngines.end();
}

bool is_allowed(const std::string& path, const Context& ctx) {
  const auto facts = ctx.host.hooks.find(path);
  if (facts == ctx.host.hooks.end() || !facts->second.only_root_writes) return false;
  const std::string& resolved = facts->second.resolved;
  return is_engine(resolved) || policy::matches_any(ctx.policy.hook_paths, resolved);
}

}  // namespace

Verdict limit_hooks(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  const auto hooks = spec.hooks();
  for (std::size_t i = hooks.size(); i-- > 0;) {
    if (is_allowed(hooks[i].path, ctx)) continue;
    if (ctx.refuses(policy::RuleId::hooks))
      verdict.refuse(hooks[i].where, "the hook " + quote(hooks[i].path),
                     "have its real path, owned by root, added to the profile's hooks.allowed");
    else
      verdict.remove(spec.value(), hooks[i].where, "a hook that the profile does not list");
  }
  return verdict;
}

}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

// Hooks run as root on the host. dockerd up to 27 and BuildKit call themselves to set the network up.
// A file of that name elsewhere is no engine: only a process that runs is called by /proc/<pid>/exe.
bool is_engine(const oci::Hook& hook, std::string_view resolved) {
  if (!hook.path.starts_with("/proc/") || hook.first_argument != "libnetwork-setkey") return false;
  constexpr std::array<std::string_view, 4> kEngines = {"dockerd", "buildkitd", "containerd", "docker-buildkitd"};
  return std::ranges::find(kEngines, resolved.substr(resolved.rfind('/') + 1)) != kEngines.end();
}

bool is_allowed(const oci::Hook& hook, const Context& ctx) {
  const auto facts = ctx.host.hooks.find(hook.path);
  if (facts == ctx.host.hooks.end() || !facts->second.only_root_writes) return false;
  const std::string& resolved = facts->second.resolved;
  return is_engine(hook, resolved) || policy::matches_any(ctx.policy.hook_paths, resolved);
}

}  // namespace

Verdict limit_hooks(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  const auto hooks = spec.hooks();
  for (std::size_t i = hooks.size(); i-- > 0;) {
    if (is_allowed(hooks[i], ctx)) continue;
    if (ctx.refuses(policy::RuleId::hooks))
      verdict.refuse(hooks[i].where, "the hook " + quote(hooks[i].path),
                     "have its real path, owned by root, added to the profile's hooks.allowed");
    else
      verdict.remove(spec.value(), hooks[i].where, "a hook that the profile does not list");
  }
  return verdict;
}

}  // namespace runward::harden::steps

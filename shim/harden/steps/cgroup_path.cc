// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

// "/docker/<id>" → "/docker"; the systemd driver's "system.slice:docker:<id>" → "system.slice".
std::string parent_of(const std::string& path) {
  // A slash makes it a path of the cgroupfs driver, whatever colons are in it.
  if (path.find('/') == std::string::npos && std::ranges::count(path, ':') == 2) return path.substr(0, path.find(':'));
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return "";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

// Another parent is a way out of the limits that an administrator put on the engine's own (CVE-2022-0811 had one too).
Verdict limit_cgroup_path(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  const std::string path = spec.cgroups_path();
  if (path.empty()) return verdict;
  const std::string parent = parent_of(path);
  // containerd's own parent is its namespace.
  const bool engines_own = !ctx.host.engine_namespace.empty() && parent == "/" + ctx.host.engine_namespace;
  if (!engines_own && !policy::matches_any(ctx.policy.cgroup_parents, parent))
    verdict.refuse(oci::Pointer("/linux/cgroupsPath"), "the cgroup parent " + quote(parent),
                   "drop --cgroup-parent, or use a profile whose cgroup-path.allowed_parents lists it");
  return verdict;
}

}  // namespace runward::harden::steps

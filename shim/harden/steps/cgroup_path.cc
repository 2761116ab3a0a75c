// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>

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

// "/docker" counts for every engine, "moby:/docker" for that engine namespace only, "!moby:/docker" for all others.
// What has a slash before its colon is a path.
bool allows(std::string_view entry, const std::string& parent, const std::string& engine_namespace) {
  const std::size_t colon = entry.find(':');
  if (colon != std::string_view::npos && entry.substr(0, colon).find('/') == std::string_view::npos) {
    std::string_view name = entry.substr(0, colon);
    const bool is_for_others = name.starts_with('!');
    if (is_for_others) name.remove_prefix(1);
    if ((name == engine_namespace) == is_for_others) return false;
    entry.remove_prefix(colon + 1);
  }
  return policy::matches(std::string(entry), parent);
}

}  // namespace

// Another parent is a way out of the limits that an administrator put on the engine's own (CVE-2022-0811 had one too).
Verdict limit_cgroup_path(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  const std::string path = spec.cgroups_path();
  if (path.empty()) return verdict;
  const std::string parent = parent_of(path);
  // containerd's own parent is its namespace, but dockerd gives one, and in its namespace "/moby" was asked for.
  const std::string& engine = ctx.host.engine_namespace;
  const bool engines_own = !engine.empty() && engine != "moby" && parent == "/" + engine;
  const bool is_allowed = std::ranges::any_of(ctx.policy.cgroup_parents,
                                              [&](const std::string& entry) { return allows(entry, parent, engine); });
  if (!engines_own && !is_allowed)
    verdict.refuse(oci::Pointer("/linux/cgroupsPath"), "the cgroup parent " + quote(parent),
                   "drop --cgroup-parent, or use a profile whose cgroup-path.allowed_parents lists it");
  return verdict;
}

}  // namespace runward::harden::steps

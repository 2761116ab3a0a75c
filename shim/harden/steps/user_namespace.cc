// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "shim/base/number.h"
#include "shim/harden/steps/id_mappings.h"
#include "shim/harden/steps/staged_mounts.h"
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

using policy::Unmappable;
using policy::UserNamespaceUse;

constexpr auto kWayOut = "set user-namespace.use of the profile to auto or off";

// An engine's own (userns-remap, --userns, a pod's) is kept as it is, unless its root is the host's.
void judge_engines_own(Verdict& verdict, const oci::Spec& spec, const Context& ctx) {
  if (ctx.host.in_user_namespace) return;  // what is 0 here is somebody else there (rootless engines)
  for (const char* const list : {kUidMappings, kGidMappings}) {
    const auto mappings = id_mappings(spec, list);
    for (std::size_t i = 0; i < mappings.size(); ++i)
      if (mappings[i].host == 0 && mappings[i].size > 0)
        verdict.refuse(oci::Pointer(list) / i, "a user namespace in which the host's root has an id",
                       "map the container to a range of ids above 0, or give it no --userns");
  }
}

// Namespaces of the kernel's that only the owner of the host's user namespace may mount filesystems of.
std::optional<std::string_view> hosts_namespace(const oci::Spec& spec) {
  for (const std::string_view type : {"pid", "ipc"})
    if (!spec.has_namespace(type)) return type;
  return std::nullopt;
}

// Why there is none; true: nothing is in the way.
bool is_possible(Verdict& verdict, const oci::Spec& spec, const Context& ctx) {
  const oci::Pointer where("/linux/namespaces");
  const bool is_required = ctx.policy.user_namespaces.use == UserNamespaceUse::require;
  if (!ctx.host.staging.user_namespace || !ctx.host.staging.user_namespace->obstacle.empty()) {
    const std::string why =
        ctx.host.staging.user_namespace ? ctx.host.staging.user_namespace->obstacle : "none was prepared";
    if (is_required)
      verdict.refuse(where, "a container without a user namespace of its own", why + "; mend that, or " + kWayOut);
    else
      verdict.notice(where, "a container without a user namespace of its own", why);
    return false;
  }
  const auto of_host = hosts_namespace(spec);
  if (!of_host && ctx.host.staging.user_namespace->refusal.empty()) return true;
  if (of_host)
    verdict.refuse(where, "the host's " + std::string(*of_host) + " namespace together with an own user namespace",
                   "give the container its own, or set user-namespace.use of the profile to off");
  else
    verdict.refuse(where, "a container that can't have a user namespace of its own",
                   ctx.host.staging.user_namespace->refusal + ", or set user-namespace.use of the profile to off");
  return false;
}

void add_namespace(Verdict& verdict, const oci::Spec& spec, const host::UserNamespace& users) {
  oci::Value entry = {{"type", "user"}};
  if (!users.join.empty()) entry["path"] = users.join;
  const char* const reason =
      users.join.empty() ? "a user namespace of its own" : "the user namespace of the container that it joins";
  verdict.insert(oci::Pointer("/linux/namespaces"), std::nullopt, std::move(entry), reason);
  const oci::Value mappings =
      oci::Value::array({{{"containerID", std::uint64_t{0}}, {"hostID", users.first}, {"size", users.size}}});
  for (const char* const list : {kUidMappings, kGidMappings})
    verdict.set(spec.value(), oci::Pointer(list), mappings, "ids of the container's own");
}

// Docker allows ping to all groups there are; ids that the namespace does not have make it EINVAL (icmp(7)).
void clamp_ping_groups(Verdict& verdict, const oci::Spec& spec, const host::UserNamespace& users) {
  constexpr auto kName = "net.ipv4.ping_group_range";
  const auto sysctl = spec.sysctl();
  const auto found = sysctl.find(kName);
  if (found == sysctl.end()) return;
  std::string_view text = found->second;
  std::array<std::uint64_t, 2> bounds{};
  for (std::uint64_t& bound : bounds) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    const auto taken = take_number<std::uint64_t>(text);
    if (!taken) return;
    bound = *taken;
  }
  if (bounds[1] < users.size) return;
  const std::uint64_t last = users.size - 1;
  verdict.set(spec.value(), oci::Pointer("/linux/sysctl") / kName,
              std::to_string(std::min(bounds[0], last)) + " " + std::to_string(last),
              "up to the last group that the container has");
}

// The engine's own files are made to be read by everybody, and its tmpfs for /dev/shm to be written.
bool may_stay_unmapped(const oci::Mount& mount, const host::StagedMount& staged, const Context& ctx) {
  const host::MountSource* const source = checked_source(mount, ctx);
  if (source != nullptr && source->is_engine_file) return true;
  return staged.is_copied || ctx.policy.user_namespaces.unmappable == Unmappable::unmapped;
}

void refuse_unmappable(Verdict& verdict, const oci::Mount& mount, std::size_t index, const host::StagedMount& staged,
                       const Context& ctx) {
  if (staged.is_idmapped || !mount.is_bind()) return;
  if (staged.is_missing)
    return verdict.refuse(
        oci::Pointer("/mounts") / index,
        "the mount " + quote(mount.source) + " on " + quote(mount.destination) + ", whose source is not there,",
        "make it first");
  if (may_stay_unmapped(mount, staged, ctx)) return;
  verdict.refuse(oci::Pointer("/mounts") / index,
                 "the mount " + quote(mount.source) + " on " + quote(mount.destination) +
                     ", whose files can't be given to the container,",
                 "its filesystem, or one inside, can't be idmapped (" + staged.problem +
                     "): use another one, or set user-namespace.unmappable of the profile to unmapped or copy");
}

oci::Strings with_locked(oci::Strings options, const oci::Strings& locked) {
  constexpr std::array kOpposites = {std::array{"ro", "rw"}, std::array{"nosuid", "suid"}, std::array{"nodev", "dev"},
                                     std::array{"noexec", "exec"}};
  for (const std::string& option : locked) {
    const auto* const pair = std::ranges::find(kOpposites, option, [](const auto& names) { return names.front(); });
    if (pair != kOpposites.end()) std::erase(options, pair->back());
    if (std::ranges::find(options, option) == options.end()) options.push_back(option);
  }
  return options;
}

void mount_for_users(Verdict& verdict, const oci::Spec& spec, const oci::Mount& mount, std::size_t index,
                     const host::StagedMount& staged, const Context& ctx) {
  refuse_unmappable(verdict, mount, index, staged, ctx);
  if (!use_staged(verdict, spec, mount, index, staged, ctx)) return;
  const oci::Pointer where = oci::Pointer("/mounts") / index;
  oci::Strings options = with_locked(mount.options, staged.locked);
  if (!mount.is_bind()) {
    verdict.set(spec.value(), where / "type", "bind",
                "made by the host's root, since the network is not the container's own");
    options.insert(options.begin(), "bind");
  }
  if (options != mount.options)
    verdict.set(spec.value(), where / "options", options, "options that the container can't clear");
}

}  // namespace

Verdict give_user_namespace(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  if (ctx.policy.user_namespaces.use == UserNamespaceUse::off) return verdict;
  if (spec.has_namespace("user")) {
    judge_engines_own(verdict, spec, ctx);
    return verdict;
  }
  if (!is_possible(verdict, spec, ctx)) return verdict;
  const host::UserNamespace& users = *ctx.host.staging.user_namespace;
  add_namespace(verdict, spec, users);
  join_staged(verdict, spec, ctx);
  clamp_ping_groups(verdict, spec, users);
  verdict.set(spec.value(), oci::Pointer("/root/path"), users.rootfs, "the root filesystem with the container's ids");
  const auto mounts = spec.mounts();
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    const bool is_hosts_sysfs = mounts[i].type == "sysfs" && !users.owns_network;
    if (!mounts[i].is_bind() && !is_hosts_sysfs) continue;
    if (const host::StagedMount* const staged = staged_of(mounts[i], ctx); staged != nullptr)
      mount_for_users(verdict, spec, mounts[i], i, *staged, ctx);
  }
  return verdict;
}

}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>

#include "shim/harden/steps/id_mappings.h"
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

// It is on the tmpfs that is made together with the user namespace.
bool is_staged(const Context& ctx) {
  const auto& users = ctx.host.staging.user_namespace;
  return users && users->obstacle.empty() &&
         ctx.policy.rule(policy::RuleId::user_namespace).mode == policy::Mode::enforce;
}

std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

bool is_kernel_mount(const oci::Mount& mount) {
  return std::ranges::any_of(std::array<std::string_view, 3>{"/proc", "/dev", "/sys"}, [&](std::string_view top) {
    return mount.destination == top || mount.destination.starts_with(std::string(top) + "/");
  });
}

// Before all that a user mounts: a volume below a scratch path must not disappear under it, and links inside the image
// (/var/run → /run) make names no help in finding out which one lies below.
std::size_t place_for_scratch(const std::vector<oci::Mount>& mounts) {
  return static_cast<std::size_t>(std::ranges::find_if_not(mounts, is_kernel_mount) - mounts.begin());
}

// Where the image has no such folder: what Debian gives /tmp and /var/tmp, and everything else.
host::RootfsFolder folder_for(const policy::Scratch& scratch, const Context& ctx) {
  const auto found = ctx.host.rootfs_folders.find(scratch.path);
  if (found != ctx.host.rootfs_folders.end()) return found->second;
  host::RootfsFolder folder;
  if (scratch.path.ends_with("tmp")) folder.mode = 01777;
  return folder;
}

// The kernel takes the owner of a tmpfs for an id of the container's user namespace (EINVAL: it has none such). Where
// the engine brings that namespace, the files of the root filesystem have the host's ids. What nobody in it owns is
// root's.
std::uint64_t in_container(std::uint64_t id, const oci::Spec& spec, const char* list, const Context& ctx) {
  if (!spec.has_namespace("user")) return is_staged(ctx) && id >= ctx.host.staging.user_namespace->size ? 0 : id;
  for (const IdMapping& mapping : id_mappings(spec, list))
    if (id >= mapping.host && id - mapping.host < mapping.size) return mapping.container + (id - mapping.host);
  return 0;
}

std::string octal(unsigned mode) {
  std::array<char, 12> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), mode, 8);
  return {text.data(), end};
}

oci::Value scratch_mount(const policy::Scratch& scratch, const host::RootfsFolder& folder) {
  oci::Value options = {"nosuid", "nodev", "size=" + std::to_string(scratch.size), "mode=" + octal(folder.mode)};
  if (!scratch.exec) options.push_back("noexec");
  // runc and crun copy what the image has there, but lose the owner of the folder itself.
  if (folder.uid != 0) options.push_back("uid=" + std::to_string(folder.uid));
  if (folder.gid != 0) options.push_back("gid=" + std::to_string(folder.gid));
  if (!folder.empty && !folder.has_special_files) options.push_back("tmpcopyup");
  return {{"destination", scratch.path}, {"type", "tmpfs"}, {"source", "tmpfs"}, {"options", std::move(options)}};
}

bool is_wanted(const policy::Scratch& scratch, const std::vector<oci::Mount>& mounts, const Context& ctx) {
  if (scratch.if_exists && !ctx.host.rootfs_folders.contains(scratch.path)) return false;
  return std::ranges::none_of(
      mounts, [&](const oci::Mount& mount) { return without_trailing_slash(mount.destination) == scratch.path; });
}

}  // namespace

Verdict make_rootfs_readonly(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  if (ctx.policy.rootfs.mode == policy::RootfsMode::writable) return verdict;
  if (ctx.policy.rootfs.mode == policy::RootfsMode::ephemeral) {
    if (!is_staged(ctx))
      verdict.refuse(oci::Pointer("/root"),
                     "an ephemeral root filesystem without a user namespace of the container's own",
                     "set user-namespace.use of the profile to require, or rootfs.access to read-only");
    return verdict;
  }
  verdict.set(spec.value(), oci::Pointer("/root/readonly"), true, "the root filesystem is read-only");
  const auto mounts = spec.mounts();
  std::size_t place = place_for_scratch(mounts);
  for (const policy::Scratch& scratch : ctx.policy.rootfs.scratch) {
    if (!is_wanted(scratch, mounts, ctx)) continue;
    host::RootfsFolder folder = folder_for(scratch, ctx);
    folder.uid = in_container(folder.uid, spec, kUidMappings, ctx);
    folder.gid = in_container(folder.gid, spec, kGidMappings, ctx);
    if (folder.has_special_files)
      verdict.notice(
          oci::Pointer("/mounts"), "what the image has in '" + scratch.path + "'",
          "it holds sockets, FIFOs or very many files and is not copied to the scratch tmpfs: mount a volume there");
    verdict.insert(oci::Pointer("/mounts"), place++, scratch_mount(scratch, folder), "a scratch path on tmpfs");
  }
  return verdict;
}

}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

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

oci::Value scratch_mount(const policy::Scratch& scratch) {
  // tmpcopyup: runc and crun copy what the image has there into the tmpfs, with owners and modes.
  oci::Value options = {"nosuid", "nodev", "tmpcopyup", "size=" + std::to_string(scratch.size)};
  if (!scratch.exec) options.push_back("noexec");
  return {{"destination", scratch.path}, {"type", "tmpfs"}, {"source", "tmpfs"}, {"options", std::move(options)}};
}

}  // namespace

Verdict make_rootfs_readonly(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  if (ctx.policy.rootfs.mode == policy::RootfsMode::writable) return verdict;
  verdict.set(spec.value(), oci::Pointer("/root/readonly"), true, "the root filesystem is read-only");
  const auto mounts = spec.mounts();
  std::size_t place = place_for_scratch(mounts);
  for (const policy::Scratch& scratch : ctx.policy.rootfs.scratch) {
    const bool taken = std::ranges::any_of(
        mounts, [&](const oci::Mount& mount) { return without_trailing_slash(mount.destination) == scratch.path; });
    if (taken) continue;
    verdict.insert(oci::Pointer("/mounts"), place++, scratch_mount(scratch), "a scratch path on tmpfs");
  }
  return verdict;
}

}  // namespace runward::harden::steps

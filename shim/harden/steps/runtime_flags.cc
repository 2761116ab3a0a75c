// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {

// --no-pivot uses MS_MOVE and chroot in place of pivot_root(2): the old root stays reachable. --no-new-keyring leaves
// the container the engine's session keyring (keyrings(7)). dockerd sends the first when DOCKER_RAMDISK is set.
Verdict refuse_loosening_flags(const oci::Spec&, const Context& ctx) {
  Verdict verdict;
  if (ctx.call.no_pivot)
    verdict.refuse(oci::Pointer(), "the runtime's flag --no-pivot",
                   "unset DOCKER_RAMDISK of the engine, or set rule runtime-flags to off in the profile");
  if (ctx.call.no_new_keyring)
    verdict.refuse(oci::Pointer(), "the runtime's flag --no-new-keyring",
                   "remove it from the engine's runtime options, or set rule runtime-flags to off in the profile");
  return verdict;
}

// --cgroup puts the process into a cgroup beside the container's limits (cgroups(7): a path may hold "..").
Verdict refuse_exec_flags(const oci::Process&, const Context& ctx) {
  Verdict verdict;
  if (ctx.call.exec_cgroup)
    verdict.refuse(oci::Pointer(), "the runtime's flag --cgroup",
                   "leave it out, or set rule runtime-flags to off in the profile");
  return verdict;
}

}  // namespace runward::harden::steps

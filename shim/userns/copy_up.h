// SPDX-License-Identifier: Apache-2.0
#pragma once

// `docker cp` into a running container writes to the engine's upper layer, by the engine's own overlay. The container's
// overlay looks a folder up once, and what holds that folder (a mount inside, a program run from it, a working folder)
// holds what was found with it: where the upper layer had no such folder then, nothing that comes into it later is
// seen. So those that will be held are put there before the container's overlay is mounted: empty, and with the owner,
// mode and time that they have.
//
//   copy_up_held_folders("/var/lib/docker/overlay2/ID/merged", spec, policy.rootfs.mode, policy.rootfs.scratch);
//
// The kernel does it ("copy-up"), through the engine's own mount, which so knows of it as well. The image's content is
// hostile: names are resolved as inside the container, and never to what is mounted there. Where it can't be done (no
// room, read-only), the container is what it would have been without.

#include <string>
#include <vector>

#include "shim/oci/spec.h"
#include "shim/policy/policy.h"

namespace runward::userns {

// `rootfs`: the engine's mount, absolute and free of symbolic links; `scratch`: mounts that a rule adds to a root
// filesystem that is read-only.
void copy_up_held_folders(const std::string& rootfs, const oci::Spec& spec, policy::RootfsMode mode,
                          const std::vector<policy::Scratch>& scratch);

}  // namespace runward::userns

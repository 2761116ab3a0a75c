// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the image has at the policy's scratch paths. The root filesystem is the container's: links in it are followed as
// the container would see them (openat2(2), RESOLVE_IN_ROOT), and what is read of it is bounded.

#include <map>
#include <string>
#include <vector>

#include "shim/host/facts.h"
#include "shim/policy/policy.h"

namespace runward::host {

std::map<std::string, RootfsFolder> probe_rootfs_folders(const std::string& rootfs,
                                                         const std::vector<policy::Scratch>& scratch);

}  // namespace runward::host

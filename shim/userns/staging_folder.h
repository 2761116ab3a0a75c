// SPDX-License-Identifier: Apache-2.0
#pragma once

// The folder that what was staged for one container is mounted at, in a mount namespace of its own. On the host it is
// empty but for another empty one.

#include <string>

#include "shim/userns/ranges.h"

namespace runward::userns {

// Within it: where the container's root filesystem is mounted.
inline constexpr auto kRootfs = "rootfs";

// <state dir>/rootfs/<name of the runtime's root>-<hash>/<id>
std::string staging_folder(const std::string& state_dir, const Owner& owner);
// When the container is gone.
void remove_staging_folder(const std::string& folder);
// Those whose containers the low-level runtime does not know, and that are not of just now.
void sweep_staging_folders(const std::string& state_dir, const std::string& runtime_root);

// Of an absolute path.
std::string parent_of(const std::string& path);

}  // namespace runward::userns

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The folder that what was staged for one container is mounted at, in a mount namespace of its own. On the host it is
// empty but for another empty one.

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "shim/base/result.h"
#include "shim/userns/ranges.h"

namespace runward::userns {

// Within it: where the container's root filesystem is mounted, the mounts of its document by their number, and the
// namespaces that it joins.
inline constexpr auto kRootfs = "rootfs";
std::string mount_name(std::size_t index);
std::string namespace_name(const std::string& type);

// Beside an engine's upper folder and its work folder, where ours is the mount that is written to.
inline constexpr auto kOwnWork = "runward-work";

// <state dir>/rootfs/<name of the runtime's root>-<hash>/<id>
std::string staging_folder(const std::string& state_dir, const Owner& owner);
// One that is there already is as good as made.
Status make_folder(const std::string& path, mode_t mode);
// When the container is gone.
void remove_staging_folder(const std::string& folder);
// Those whose containers the low-level runtime does not know, and that are not of just now.
void sweep_staging_folders(const std::string& state_dir, const std::string& runtime_root);

// Of an absolute path.
std::string parent_of(const std::string& path);

}  // namespace runward::userns

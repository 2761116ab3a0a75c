// SPDX-License-Identifier: Apache-2.0
#pragma once

// Mounts one at a time, as the kernel tells of them (statmount(2), listmount(2): Linux 6.8, options since 6.11). What
// /proc/self/mountinfo says of each costs some ten times as much, and it can only be read as a whole: on a host with a
// thousand containers that would be most of the time of a create. Every function answers nothing where the kernel does
// not tell, or not all of it: read mountinfo then.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "shim/host/mount_table.h"

namespace runward::host {

struct MountAt {
  bool is_mount_point = false;  // else the rest is empty
  std::string filesystem;       // its type: "overlay"
  std::string options;          // of the filesystem, escaped as in the last field of mountinfo
};

// What is mounted at `path`, as it is seen. Symbolic links are followed. Nothing as well for a filesystem without
// options.
std::optional<MountAt> told_mount_at(const std::string& path);

// How many mounts there are, up to 1,024.
std::optional<std::size_t> told_count();

// Whether a filesystem with one of these numbers (statfs(2), f_type) is mounted anywhere. Some three times as fast as
// all that is told of each.
std::optional<bool> told_any_of(std::span<const std::uint32_t> magics);

// All that mountinfo would list, in its order.
std::optional<std::vector<MountEntry>> told_mounts();

}  // namespace runward::host

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the sources of bind mounts really are. Names are useless here: `/run`, a link to it, a volume made with
// `-o o=bind -o device=/run`, and a bind mount of it below /home all give the Docker socket away. So sources and denied
// places are compared by device and inode, upwards along their folders and downwards along the mounts inside.
//
// What has nothing to compare is judged otherwise: a filesystem by its type (a volume can be a proc or an overlay of
// /etc, with a device number of its own), a socket by who listens on it.
//
// Not seen: a hard link to a socket inside a folder that is mounted, and what a symbolic link inside points to (inside
// the container it points into the container).

#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/host/facts.h"
#include "shim/oci/spec.h"
#include "shim/policy/policy.h"

namespace runward::host {

// Where the engine keeps its own things, as far as the call tells.
struct EngineFolders {
  std::string data_root;  // "/var/lib/docker", from root.path; empty: unknown
  std::string exec_root;  // "/run/docker", from --root; empty: unknown
  std::string container_id;
  bool is_plugin = false;  // a managed plugin of Docker's
  bool is_build = false;   // a RUN step that BuildKit runs; data_root is then the folder of all that it mounts
};

// `build_root`: as in ProbeInput.
EngineFolders engine_folders(const std::string& rootfs_path, const std::string& runtime_root,
                             const std::string& container_id, const std::string& build_root = {});

Result<std::map<std::string, MountSource>> probe_mount_sources(const std::vector<oci::Mount>& mounts,
                                                               const policy::Mounts& rule, const EngineFolders& engine,
                                                               bool joins_containers);

// The denied sources that a root filesystem has inside. Engines that make root filesystems themselves have none there,
// and nothing is looked at for those.
Result<std::vector<std::string>> probe_rootfs(const std::string& rootfs_path, const policy::Mounts& rule,
                                              const EngineFolders& engine);

}  // namespace runward::host

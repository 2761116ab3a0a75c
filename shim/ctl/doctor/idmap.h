// SPDX-License-Identifier: Apache-2.0
#pragma once

// Idmapped mounts, tried and not guessed from a version: distributions backport, filesystems
// differ. Nothing is left behind: the mounts are never attached anywhere and go with their descriptors.
//
//   SHIM_TRY(const userns::UserNamespace users, userns::make_user_namespace(range));
//   Status on_disk = try_idmapped(users.fd, "/var/lib/docker");

#include <string>

#include "shim/base/result.h"
#include "shim/base/unique_fd.h"

namespace runward::ctl::doctor {

// An idmapped clone of the mount that `directory` lies on, from `directory` on (mount_setattr(2)).
Status try_idmapped(const UniqueFd& user_namespace, const std::string& directory);

// The same on a fresh tmpfs.
Status try_idmapped_tmpfs(const UniqueFd& user_namespace);

// "ext4", "xfs": the filesystem's type, from mountinfo.
Result<std::string> filesystem_of(const std::string& path);

}  // namespace runward::ctl::doctor

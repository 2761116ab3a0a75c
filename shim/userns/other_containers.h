// SPDX-License-Identifier: Apache-2.0
#pragma once

// The mounts of other containers, and how our own mount namespace gets rid of them. A host with a thousand containers
// has thousands: the kernel copies all of them for every new mount namespace, ours and the container's, and runc reads
// their list several times. None is of use for this container. Taking out each by umount(2) would cost more than it
// saves, so what is to stay is put together anew, as a second tree that becomes the root (pivot_root(2)), and the old
// one goes as a whole.

#include <optional>
#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/host/mount_table.h"

namespace runward::userns {

struct Belongings {
  std::vector<std::string> mount_points;  // what the engine mounted for this container: root filesystem, /dev/shm
  std::vector<std::string> paths;         // that its document names: what is mounted below them is wanted as well
  std::string working_folder;             // of the runtime; all are absolute and free of symbolic links
};

// A mount that stays.
struct Branch {
  std::string mount_point;
  bool is_whole = true;  // with all that is mounted below it
  friend bool operator==(const Branch&, const Branch&) = default;
};

// What stays, "/" first, each after the one it lies on. Left out are mounts of the same type and at the same place as
// one of this container's, but for one folder's name ("…/overlay2/<id>/merged"), and namespaces that are bound to files
// (nsfs), unless the document names something there. Nothing: all of it stays as it is, because too little could be
// left out, or because one that stays would have to be looked up at a server, as NFS, which may never answer.
std::optional<std::vector<Branch>> without_other_containers(const std::vector<host::MountEntry>& mounts,
                                                            const Belongings& belongings);

// Does that to the mount namespace that we are in, which must be our own and not be shared with the host's. `folder`
// exists. Descriptors from before stay on the mounts that went; the working folder is entered again by its path. Where
// something does not go, all of it stays as it is; an error only when that can't be said any more.
Status leave_other_containers_out(const std::string& folder, Belongings belongings);

}  // namespace runward::userns

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

// Paths are absolute. One that is no mount point, as what has symbolic links in it, says nothing.
struct Belongings {
  std::string rootfs;         // as the engine mounted it
  std::string shared_memory;  // what is to be /dev/shm, where the engine mounted a tmpfs for it; may be empty
  std::vector<std::string>
      paths;                   // that the document names, free of symbolic links: what is mounted below stays as well
  std::string working_folder;  // of the runtime
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
// left out, or because something that stays could not be copied, or would have to be looked up at a server, as NFS.
std::optional<std::vector<Branch>> without_other_containers(const std::vector<host::MountEntry>& mounts,
                                                            const Belongings& belongings);

// Does that to the mount namespace that we are in, which must be our own and not be shared with the host's. `folder`
// exists. Descriptors from before stay on the mounts that went; the working folder is entered again by its path, and it
// is an error if that has come to be another one. Where something else does not go, all of it stays as it is.
Status leave_other_containers_out(const std::string& folder, Belongings belongings);

}  // namespace runward::userns

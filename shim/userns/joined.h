// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whose the namespaces are that a container joins by path (--network, --pid, --ipc container:X). A process in a user
// namespace of its own has no rights over another user namespace's network or process ids, so it must join that one as
// well (user_namespaces(7); ioctl_ns(2), NS_GET_USERNS).

#include <string>

#include "shim/base/result.h"
#include "shim/base/unique_fd.h"
#include "shim/oci/spec.h"
#include "shim/userns/idmap.h"

namespace runward::userns {

struct Joined {
  UniqueFd user_namespace;    // that all of them belong to; none: the host's, or nothing is joined
  std::string path;           // of it, for the low-level runtime
  IdRange range;              // that it maps
  std::string hosts_network;  // the network namespace that is joined, where it belongs to the host's user namespace
  std::string refusal;        // why they can't be joined from a user namespace; empty: they can
};

Result<Joined> look_at_joined(const oci::Spec& spec);

}  // namespace runward::userns

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whose the namespaces are that a container joins by path (--network, --pid, --ipc container:X). A process in a user
// namespace of its own has no rights over another user namespace's network or process ids, so it must join that one as
// well (user_namespaces(7); ioctl_ns(2), NS_GET_USERNS).
//
// A path like "/proc/12/ns/net" is another process's as soon as process 12 has ended, so each is opened once: what is
// looked at here is what is joined.
//
//   const auto held = hold_namespaces(spec);
//   SHIM_TRY(const Joined joined, look_at_joined(held));

#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/base/unique_fd.h"
#include "shim/oci/spec.h"
#include "shim/userns/idmap.h"

namespace runward::userns {

struct HeldNamespace {
  std::string type;
  std::string path;
  UniqueFd fd;  // none: it can't be opened
};

// Those that the document has by path.
std::vector<HeldNamespace> hold_namespaces(const oci::Spec& spec);

struct Joined {
  UniqueFd user_namespace;         // that all of them belong to; none: the host's, or nothing is joined
  UniqueFd process;                // the /proc/<pid> of who has it
  IdRange range;                   // that it maps
  bool has_hosts_network = false;  // the network namespace that is joined belongs to the host's user namespace
  std::string refusal;             // why they can't be joined from a user namespace; empty: they can
};

Result<Joined> look_at_joined(const std::vector<HeldNamespace>& held);

// Whether the process of an open /proc/<pid> has not ended; a zombie has.
bool is_alive(const UniqueFd& process);

}  // namespace runward::userns

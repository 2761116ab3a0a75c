// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where runward and its recorder meet when a container's calls are recorded by the kernel's audit (ADR 15). How they
// are recorded is part of the container's filter, so `create` decides it, and leaves for `start` and `exec`
//
//   <state dir>/audited/<container id>/why       why not by eBPF; for people
//   <state dir>/audited/<container id>/<number>  an audit session: "container", or "exec"
//
// Without the folder they are recorded by eBPF.

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "shim/base/result.h"

namespace runward {

// On `create`: this process, which the container's are children of, begins the container's audit session.
Status begin_audited_recording(const std::string& container_id, const std::string& why);

// On `exec`, whatever the runtime is called; nothing to do where it is not recorded so, or not any more.
Status join_audited_recording(const std::string& container_id);

// Nothing: it is not recorded so.
std::optional<std::string> why_audited(const std::string& container_id);

enum class AuditSession { others, containers, execs };
AuditSession audit_session_of(const std::string& container_id, std::uint32_t number);

void forget_audited_recording(const std::string& container_id);

// Those of containers that are long gone, and whose `delete` was killed. `living`: ids of the others.
void sweep_audited_recordings(const std::set<std::string>& living);

}  // namespace runward

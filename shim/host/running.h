// SPDX-License-Identifier: Apache-2.0
#pragma once

// A running container, seen from outside: its first process and what its cgroup allows it.

#include <sys/types.h>

#include <optional>
#include <string>

#include "shim/base/result.h"
#include "shim/host/facts.h"

namespace runward::host {

// The pid of the container's first process, from its pid file, else from the low-level runtime's state (runc's
// state.json, crun's status). Nothing when no such process runs.
std::optional<pid_t> first_process_of(const std::string& pid_file, const std::string& runtime_root,
                                      const std::string& id);

// Whether a process with this number runs; one that is dead and not yet waited for does not.
bool is_running(pid_t pid);

// The limits of the process's own cgroup, v1 and v2; not those of the cgroups above it.
Result<CurrentLimits> read_limits(pid_t pid);

// Parsers, pure. `text` of /proc/<pid>/cgroup; the path for a v1 controller, or for v2 with an empty `controller`.
std::optional<std::string> cgroup_path(std::string_view text, std::string_view controller);

}  // namespace runward::host

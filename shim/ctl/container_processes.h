// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whose container a process is, by its cgroup, whose path has the container's id, else by its pid namespace. A process
// that has ended can't be looked at any more, and its number may be another's by then; but a container that has a user
// namespace of runward's is known by the host's number of its user, while it runs.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace runward::ctl {

enum class Owner { container, host, unknown };

struct ProcessOwner {
  Owner owner = Owner::unknown;
  std::string container;  // its id
};

// Of a process that is known to have run at that time (milliseconds since 1970), as that user of the host's.
ProcessOwner owner_of(pid_t pid, std::int64_t time_ms, std::optional<std::uint32_t> user);

// Pure. `text` of /proc/<pid>/cgroup: the outermost id of 64 hexadecimal digits ("docker-<id>.scope", "/docker/<id>"),
// since what lies deeper is the container's own to name.
std::optional<std::string> container_in_cgroup(std::string_view text);

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pipes that an engine made for a container's stdin, stdout and stderr belong to the host's root, and a process in a
// user namespace can't open /dev/stdout on them, as many servers do with their logs. Given to the container's root, the
// low-level runtime gives them on to the container's user, as it does without a user namespace.

#include <cstdint>

namespace runward::userns {

// `first`: the host's id for the container's 0. Pipes only, and only those of the host's root.
void give_stdio(std::uint64_t first);

}  // namespace runward::userns

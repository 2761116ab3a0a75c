// SPDX-License-Identifier: Apache-2.0
#pragma once

// A process and its children in an audit session of their own, whose number the kernel's audit puts into each record of
// theirs and into no other's. A process in a container can't change it again.

#include <cstdint>
#include <optional>

namespace runward {

// Of this process. Nothing where the host does not let us (immutable login ids, a kernel without audit).
std::optional<std::uint32_t> begin_audit_session();

}  // namespace runward

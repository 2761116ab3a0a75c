// SPDX-License-Identifier: Apache-2.0
#pragma once

// A document for the program that we become, without a name in any folder: nobody can change it, and nobody has to
// remove it (memfd_create(2), fcntl(2) F_ADD_SEALS).

#include <string_view>

#include "shim/base/result.h"
#include "shim/base/unique_fd.h"

namespace runward {

// Sealed, readable from its start, O_CLOEXEC.
Result<UniqueFd> memory_file(const char* name, std::string_view text);

// The same file under a number that is at least `lowest` and stays open over execve(2).
Result<int> keep_over_exec(const UniqueFd& fd, int lowest);

}  // namespace runward

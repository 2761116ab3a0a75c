// SPDX-License-Identifier: Apache-2.0
#pragma once

// Children of ours.

#include <sys/types.h>

#include <string>

#include "shim/base/result.h"

namespace runward {

// Waits until it has ended. What a shell would say of it: its exit code, or 128 and the signal that ended it.
Result<int> exit_code_of(pid_t pid, const std::string& program);

}  // namespace runward

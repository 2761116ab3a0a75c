// SPDX-License-Identifier: Apache-2.0
#pragma once

// One governed call, top to bottom: policy, document, facts, verdict, event, and only after a clean verdict the
// low-level runtime. Comes back only with the reason why the container does not start.

#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/runtime/command_line.h"

namespace runward {

Error govern(const runtime::Invocation& call, const std::vector<std::string>& argv);

}  // namespace runward

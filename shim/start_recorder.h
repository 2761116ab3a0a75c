// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the calls of a recorded container have to do with its recorder. No other container's call comes here.

#include <optional>
#include <string>

#include "shim/base/result.h"
#include "shim/runtime/command_line.h"

namespace runward {

// Whether the engine called us by the name that asks for a recording.
bool is_recorded(const std::string& program);

// On `create`: by what the container's calls will be recorded, since its filter depends on it. Nothing: by eBPF; else
// why they are by the kernel's audit. An error when neither can be.
Result<std::optional<std::string>> choose_recording(const runtime::Invocation& call);

// On `start`, before the low-level runtime: the recorder, in a session of its own and with none of our descriptors, and
// watching when this returns. An error when it can't, since who asked for a recording wants no container without one.
Status start_recorder(const runtime::Invocation& call);

// On `delete`: until the recorder has looked at what the container leaves, or half a minute has passed.
void wait_for_recorder(const runtime::Invocation& call);

}  // namespace runward

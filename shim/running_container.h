// SPDX-License-Identifier: Apache-2.0
#pragma once

// What exec, update and checkpoint have in common: they go by the decision that the container was started with.

#include <functional>

#include "shim/event_writer.h"
#include "shim/govern.h"
#include "shim/harden/pipeline.h"
#include "shim/state/decisions.h"

namespace runward {

struct RunningContainer {
  state::Decision decision;
  policy::Policy policy;  // that of the decision, not what the files say by now
};

// The command line for the low-level runtime, or why there is none.
using Prepare = std::function<Result<Argv>(const RunningContainer&, EventWriter&)>;

// Finds runtime and container, and becomes the runtime with what `prepare` gives. A container that runward did not
// start is refused; where the host's mode is not `enforce`, its call goes on as it came.
Error govern_running(const runtime::Invocation& call, const Argv& argv, const policy::Config& config,
                     const Prepare& prepare);

// Writes the event of a report, and turns violations into the refusal.
Status settle(const harden::Report& report, const policy::Policy& policy, EventWriter& event);

}  // namespace runward

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Before `kill` sends a signal by which programs are told to read their files again (SIGHUP, SIGUSR1, SIGUSR2): what
// `docker cp` has put into the container is to be there then. Any other signal, and first of all those that end a
// container, waits for nothing.

#include "shim/runtime/command_line.h"

namespace runward {

void refresh_before_reload(const runtime::Invocation& kill);

}  // namespace runward

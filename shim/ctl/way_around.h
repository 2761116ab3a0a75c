// SPDX-License-Identifier: Apache-2.0
#pragma once

// What lockdown leaves open, found by looking: engines that run and find another runc, runtimes of other names, and
// containers that were started before.

#include <string>
#include <vector>

#include "shim/ctl/runtime_place.h"

namespace runward::ctl {

// One sentence each, for people. Empty: nothing was found.
std::vector<std::string> ways_around(const LockdownHost& host, const std::string& daemon_json);

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A governed call from its command line to execve(2): the document is read, hardened by the policy and handed on, or
// the call is refused. Each function comes back only with the reason why the low-level runtime was not started.

#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/policy/config.h"
#include "shim/runtime/command_line.h"

namespace runward {

using Argv = std::vector<std::string>;

// By the command: one of those below.
Error govern(const runtime::Invocation& call, const Argv& argv);

Error govern_create(const runtime::Invocation& call, const Argv& argv, const policy::Config& config);  // run, restore
Error govern_exec(const runtime::Invocation& call, const Argv& argv, const policy::Config& config);
Error govern_update(const runtime::Invocation& call, const Argv& argv, const policy::Config& config);
Error govern_checkpoint(const runtime::Invocation& call, const Argv& argv, const policy::Config& config);

}  // namespace runward

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The process document of an `exec`: in a file, or made of the container's own and the call's flags, as runc makes it
// (exec.go, getProcess). Whichever it was, the low-level runtime gets our print of it and none of those flags.

#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/oci/value.h"
#include "shim/runtime/command_line.h"

namespace runward::runtime {

// `own`: the process of the container's config.json. An error of kind usage for a value that is none.
Result<oci::Value> process_from_flags(const Invocation& call, oci::Value own);

// The call with `--process=<path>` in place of everything that says what to run.
std::vector<std::string> with_process(const Invocation& call, const std::vector<std::string>& argv,
                                      const std::string& path);

}  // namespace runward::runtime

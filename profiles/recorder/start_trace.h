// SPDX-License-Identifier: Apache-2.0
#pragma once

// Watches a low-level runtime start a container, by ptrace(2): every system call of the process that becomes the
// container's program, from the moment when it has loaded its filter. The call is seen before the filter decides.
//
//   SHIM_TRY(const StartTrace trace, trace_start({"/usr/sbin/runc", "run", "x"}, folder, log.get(), 10s));
//   if (trace.has_started) … trace.calls
//
// Needs PTRACE_GET_SYSCALL_INFO: Linux 5.3.

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "profiles/generator/start_calls.h"
#include "shim/base/result.h"

namespace runward::profiles::record {

struct StartTrace {
  std::set<std::uint32_t> calls;  // numbers of the native ABI
  OtherThreads others = OtherThreads::none;
  bool has_started = false;  // the program was executed under the filter
};

// argv[0] is a path, `folder` its working directory, `output` where it prints to. All processes that it left are ended
// with it; those that are not done when `patience` is over are killed.
Result<StartTrace> trace_start(const std::vector<std::string>& argv, const std::string& folder, int output,
                               std::chrono::milliseconds patience);

}  // namespace runward::profiles::record

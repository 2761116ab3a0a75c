// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runs a program and takes what it prints. Only for the two questions that an engine asks outside of a container's life
// (`--version`, `features`); everything else becomes the low-level runtime by execve.
//
//   SHIM_TRY(const Captured features, run_and_capture(runc.path, {"features"}));

#include <string>
#include <vector>

#include "shim/base/result.h"

namespace runward::runtime {

struct Captured {
  std::string output;  // stdout only; stderr stays the caller's
  int exit_code = 0;   // 128 + n when signal n ended it, as a shell says it
};

// An error when it can't be started, or prints more than a megabyte.
Result<Captured> run_and_capture(const std::string& program, const std::vector<std::string>& arguments);

// With our stdin, stdout and stderr; its exit code, 128 + N for signal N.
Result<int> run_to_end(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace runward::runtime

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a low-level runtime calls itself: recordings and calibrations are matched by it.

#include <string>

#include "shim/runtime/low_level.h"

namespace runward::runtime {

struct NamedRuntime {
  std::string name;     // "runc": its file's, also where lockdown has set it aside
  std::string version;  // "1.1.5+ds1"; empty when it does not say
};

// Runs it with --version.
NamedRuntime name_runtime(const LowLevel& runtime);

}  // namespace runward::runtime

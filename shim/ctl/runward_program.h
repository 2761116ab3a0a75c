// SPDX-License-Identifier: Apache-2.0
#pragma once

// The `runward` that install and lockdown put in runc's stead.

#include <filesystem>
#include <string>

#include "shim/base/result.h"
#include "shim/ctl/command.h"

namespace runward::ctl {

inline constexpr OptionRow kRuntimePathOption{"runtime-path", "PATH", "runward's program (the one beside runwardctl)"};

// As --runtime-path says, else the one beside runwardctl: its path inside of `root`, where it must be a program. The
// path as given, not what it links to: a package's link survives an update. Complains when others than root could
// replace it.
Result<std::filesystem::path> find_runward(const Given& given, const std::string& root);

}  // namespace runward::ctl

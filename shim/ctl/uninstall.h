// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl uninstall`: takes the runtimes out of daemon.json again, and the link that install made away. The
// program, its configuration and its events stay.

#include <array>

#include "shim/ctl/command.h"
#include "shim/ctl/install.h"

namespace runward::ctl {

Result<int> run_uninstall(const Given& given);

inline constexpr std::array kUninstallOptions = {kNameOption, kDaemonJsonOption, kPidFileOption, kDryRunOption,
                                                 kNoReloadOption};
inline constexpr Command kUninstallCommand{.name = "uninstall",
                                           .summary = "take runward out of Docker's configuration",
                                           .argument = "",
                                           .options = kUninstallOptions,
                                           .run = &run_uninstall};

}  // namespace runward::ctl

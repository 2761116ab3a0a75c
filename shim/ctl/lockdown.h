// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl lockdown`: what engines find as `runc` becomes runward, so that `--runtime=runc`, io.containerd.runc.v2,
// RUN steps of image builds, managed plugins and `ctr run` are governed too (decision 0005).

#include <array>

#include "shim/ctl/command.h"
#include "shim/ctl/install.h"

namespace runward::ctl {

Result<int> run_lockdown(const Given& given);

inline constexpr std::array kLockdownOptions = {
    OptionRow{"undo", "", "put everything back"},
    kDryRunOption,
    OptionRow{"folder", "DIR", "look for runc in DIR too", true},
    OptionRow{"root", "DIR", "lock the system in DIR, as an image that is being made"},
    kRuntimePathOption,
    kDaemonJsonOption,
    kConfigDirOption,
};
inline constexpr Command kLockdownCommand{.name = "lockdown",
                                          .summary = "let nothing run past runward",
                                          .argument = "",
                                          .options = kLockdownOptions,
                                          .run = &run_lockdown};

}  // namespace runward::ctl

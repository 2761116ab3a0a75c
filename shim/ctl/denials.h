// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl denials`: what the seccomp filters and AppArmor profiles of containers refused, and the line that would
// allow it.

#include <array>

#include "shim/base/result.h"
#include "shim/ctl/command.h"

namespace runward::ctl {

Result<int> run_denials(const Given& given);

inline constexpr std::array kDenialsOptions = {
    OptionRow{"follow", "", "tell of each when it happens, until interrupted"},
    kJsonOption,
    kConfigDirOption,
};
inline constexpr Command kDenialsCommand{
    .name = "denials",
    .summary = "what filters and AppArmor refused to containers, and what allows it",
    .argument = "CONTAINER",
    .options = kDenialsOptions,
    .run = &run_denials};

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl profile check|lint`: a profile judged without running anything.

#include <array>

#include "shim/base/result.h"
#include "shim/ctl/command.h"

namespace runward::ctl {

Result<int> run_profile_check(const Given& given);
Result<int> run_profile_lint(const Given& given);

inline constexpr std::array kProfileCheckOptions = {
    OptionRow{"recording", "FILE", "a recording that it must let through (those that it was made from)", true},
    kConfigDirOption};
inline constexpr Command kProfileCheckCommand{.name = "profile check",
                                              .summary = "put recordings through a profile's filter and rules",
                                              .argument = "PROFILE",
                                              .options = kProfileCheckOptions,
                                              .run = &run_profile_check};

inline constexpr std::array kProfileLintOptions = {kConfigDirOption};
inline constexpr Command kProfileLintCommand{.name = "profile lint",
                                             .summary = "what is doubtful about a profile, or spare in it",
                                             .argument = "PROFILE",
                                             .options = kProfileLintOptions,
                                             .run = &run_profile_lint};

}  // namespace runward::ctl

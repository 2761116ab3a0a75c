// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl profile merge|diff|explain`: recordings put together, compared, and asked why.

#include <array>

#include "shim/base/result.h"
#include "shim/ctl/command.h"

namespace runward::ctl {

Result<int> run_profile_merge(const Given& given);
Result<int> run_profile_diff(const Given& given);
Result<int> run_profile_explain(const Given& given);

inline constexpr std::array kProfileMergeOptions = {OptionRow{"output", "FILE", "write it there"}};
inline constexpr Command kProfileMergeCommand{.name = "profile merge",
                                              .summary = "put recordings into one file, each kept as it is",
                                              .argument = "RECORDING",
                                              .options = kProfileMergeOptions,
                                              .run = &run_profile_merge,
                                              .takes_many = true};

inline constexpr std::array kProfileDiffOptions = {kConfigDirOption};
inline constexpr Command kProfileDiffCommand{.name = "profile diff",
                                             .summary = "compare two recordings, or two profiles",
                                             .argument = "FIRST SECOND",
                                             .options = kProfileDiffOptions,
                                             .run = &run_profile_diff};

inline constexpr std::array kProfileExplainOptions = {kConfigDirOption};
inline constexpr Command kProfileExplainCommand{
    .name = "profile explain",
    .summary = "which recording, program and phase made a call, used a capability or a path",
    .argument = "PROFILE THING",
    .options = kProfileExplainOptions,
    .run = &run_profile_explain};

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl profile calibrate`: measures what the low-level runtimes of this machine call once a container's filter
// is loaded, for `profile generate`.

#include <array>
#include <string>

#include "profiles/generator/start_calls.h"
#include "runward_build_info.h"
#include "shim/base/result.h"
#include "shim/ctl/command.h"
#include "shim/ctl/runward_program.h"

namespace runward::ctl {

inline std::string calibration_file() { return std::string(build_info::kDataDir) + "/calibration.json"; }

// Empty where none was ever made.
Result<profiles::Calibration> read_calibration(const std::string& path);

Result<int> run_profile_calibrate(const Given& given);

inline constexpr std::array kProfileCalibrateOptions = {
    OptionRow{"runtime", "RUNTIME", "a low-level runtime's name or path (the configured one, runc and crun)", true},
    OptionRow{"output", "FILE", "keep it there (/var/lib/runward/calibration.json)"},
    kRuntimePathOption,
    kConfigDirOption,
};
inline constexpr Command kProfileCalibrateCommand{
    .name = "profile calibrate",
    .summary = "measure which calls runc and crun need to start a program",
    .argument = "",
    .options = kProfileCalibrateOptions,
    .run = &run_profile_calibrate};

}  // namespace runward::ctl

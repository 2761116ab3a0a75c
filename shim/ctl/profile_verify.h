// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl profile verify`: runs a container under a profile that logs what it would refuse, and tells what it was.
// What runward has to do with it: verification.h.

#include <array>

#include "shim/base/result.h"
#include "shim/ctl/command.h"

namespace runward::ctl {

Result<int> run_profile_verify(const Given& given);

inline constexpr std::array kProfileVerifyOptions = {
    OptionRow{"for", "DURATION", "stop the container after that time: 90, 90s, 5m, 2h (when it ends)"},
    OptionRow{"output", "FILE", "write the patch there (printed behind the denials)"},
    OptionRow{"runtime", "NAME", "the runtime that `runwardctl install` registered for it (runward-verify)"},
    kConfigDirOption,
};
inline constexpr Command kProfileVerifyCommand{
    .name = "profile verify",
    .summary = "run a container under a profile that logs what it would refuse",
    .argument = "PROFILE -- docker run …",
    .options = kProfileVerifyOptions,
    .run = &run_profile_verify,
    .takes_many = true};

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl profile generate`: from recordings to a hardening profile's folder.

#include <array>

#include "shim/base/result.h"
#include "shim/ctl/command.h"

namespace runward::ctl {

Result<int> run_profile_generate(const Given& given);

inline constexpr std::array kProfileGenerateOptions = {
    OptionRow{"output", "DIR", "the profile's folder; made where it is not there"},
    OptionRow{"name", "NAME", "the profile's name (the folder's)"},
    OptionRow{
        "headroom", "HOW",
        "strict: what was recorded; portable: the same rights in other spellings too; static: what its executables "
        "can reach too (portable)"},
    OptionRow{"rootfs", "DIR", "for static: the unpacked image"},
    OptionRow{"format", "FORM", "of seccomp.json: oci or docker (oci)"},
    OptionRow{"calibration", "FILE", "what `profile calibrate` measured (/var/lib/runward/calibration.json)"},
    kConfigDirOption,
};
inline constexpr Command kProfileGenerateCommand{.name = "profile generate",
                                                 .summary = "make the smallest profile that recordings need",
                                                 .argument = "RECORDING",
                                                 .options = kProfileGenerateOptions,
                                                 .run = &run_profile_generate,
                                                 .takes_many = true};

}  // namespace runward::ctl

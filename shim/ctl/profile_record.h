// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl profile record`: starts a container by Docker's own command line, with the runtime that has it recorded,
// and waits for the recording.

#include <array>

#include "shim/base/result.h"
#include "shim/ctl/command.h"
#include "shim/ctl/docker_run.h"

namespace runward::ctl {

Result<int> run_profile_record(const Given& given);

inline constexpr std::array kProfileRecordOptions = {
    OptionRow{"name", "NAME", "the recording's name (the container's)"},
    OptionRow{"for", "DURATION", "end the recording after that time: 90, 90s, 5m, 2h (when the container ends)"},
    OptionRow{"calls", "WAY", "record system calls by ebpf, by audit, or by what this host can do: auto (auto)"},
    OptionRow{"output", "FILE", "write it there (/var/lib/runward/recordings/NAME.json)"},
    OptionRow{"runtime", "NAME", "the runtime that `runwardctl install` registered for it (runward-record)"},
};
inline constexpr Command kProfileRecordCommand{.name = "profile record",
                                               .summary = "start a container and record what it does",
                                               .argument = "-- docker run …",
                                               .options = kProfileRecordOptions,
                                               .run = &run_profile_record,
                                               .takes_many = true};

}  // namespace runward::ctl

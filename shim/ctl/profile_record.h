// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl profile record`: starts a container by Docker's own command line, with the runtime that has it recorded,
// and waits for the recording.

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shim/base/result.h"
#include "shim/ctl/command.h"

namespace runward::ctl {

// `docker run …` as it is to be called, and the file that Docker writes the container's id to.
struct RecordedCall {
  std::vector<std::string> argv;
  std::string id_file;
  bool has_terminal = false;  // -t: the screen is the container's
};
// An error of kind usage when it is no `run`, or names a runtime itself. `id_file` is taken unless the call has one.
Result<RecordedCall> recorded_call(std::vector<std::string> argv, const std::string& runtime,
                                   const std::string& id_file);

// "90", "90s", "5m", "2h"
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

Result<int> run_profile_record(const Given& given);

inline constexpr std::array kProfileRecordOptions = {
    OptionRow{"name", "NAME", "the recording's name (the container's)"},
    OptionRow{"for", "DURATION", "end the recording after that time: 90, 90s, 5m, 2h (when the container ends)"},
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

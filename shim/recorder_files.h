// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where runward, its recorder and `runwardctl profile record` meet: one small file for each recorded container,
// <state dir>/recorders/<container id>. The recorder keeps it locked (flock) while it works, which shows to others
// also when it was killed, and keeps a line in it that tells how far it is.

#include <string>

#include "runward_build_info.h"

namespace runward {

// The runtime's name that has a container recorded; it selects the profile `record` (policy/select.h).
inline constexpr auto kRecordingRuntime = "runward-record";
inline constexpr auto kRecorderProgram = "runward-recorder";
inline constexpr auto kChooseOption = "--choose";

inline std::string recorders_folder() { return std::string(build_info::kStateDir) + "/recorders"; }
inline std::string recorder_file(const std::string& container_id) { return recorders_folder() + "/" + container_id; }
inline std::string recordings_folder() { return std::string(build_info::kDataDir) + "/recordings"; }

}  // namespace runward

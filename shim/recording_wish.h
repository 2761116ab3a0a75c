// SPDX-License-Identifier: Apache-2.0
#pragma once

// By what the calls of a container are to be recorded, where somebody said so (`runwardctl profile record --calls`): a
// folder <state dir>/recording-wishes/NAME with a file `wish` (held_file.h) and one for Docker to write the id to.
// Whoever may start containers can't make it, so only root has a container's calls logged on a host that could do
// without.

#include <array>
#include <string>
#include <string_view>

#include "runward_build_info.h"
#include "shim/base/result.h"

namespace runward {

// The first is for everybody who does not say: eBPF, and where that can't be used the audit.
inline constexpr std::array<std::string_view, 3> kCallRecordings = {"auto", "ebpf", "audit"};
inline constexpr auto kWishFile = "wish";

inline std::string recording_wishes_folder() { return std::string(build_info::kStateDir) + "/recording-wishes"; }

std::string print_recording_wish(const std::string& calls, const std::string& id_file);

// One of kCallRecordings.
std::string wished_call_recording(const std::string& container_id);

}  // namespace runward

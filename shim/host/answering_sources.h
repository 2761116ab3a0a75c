// SPDX-License-Identifier: Apache-2.0
#pragma once

// A filesystem that a program serves (FUSE), or another machine (NFS), may never answer; and who asks it, by a look at
// a file, can't be killed until it does. So sources of bind mounts are looked at by a child first, on hosts that have
// such a filesystem mounted anywhere. A child that gets no answer is left behind; it holds nothing of the engine's.

#include <chrono>
#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/oci/spec.h"

namespace runward::host {

inline constexpr std::chrono::seconds kPatienceWithSources(10);

// What the engine made for this container itself is not asked.
Status check_that_sources_answer(const std::vector<oci::Mount>& mounts, const std::string& container_id,
                                 std::chrono::milliseconds patience = kPatienceWithSources);

// By its type, as mountinfo has it.
bool may_not_answer(std::string_view filesystem);

}  // namespace runward::host

// SPDX-License-Identifier: Apache-2.0
#pragma once

// REPORT.md of a generated profile: what it allows and why, what the recordings don't tell, and what will fail.

#include <string>
#include <string_view>
#include <vector>

#include "profiles/generator/collection.h"
#include "seccomp/profile.h"

namespace runward::profiles {

struct Generated;
struct GenerateOptions;

std::string report_of(const Collection& recordings, const GenerateOptions& options, const Generated& made,
                      const seccomp::Profile& parent);

// Calls of an architecture that the filter lets through for some arguments at least.
std::vector<std::string> calls_let_through(const seccomp::Profile& profile, std::string_view architecture);

}  // namespace runward::profiles

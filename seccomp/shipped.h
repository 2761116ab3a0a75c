// SPDX-License-Identifier: Apache-2.0
#pragma once

// The shipped baselines (profiles/<name>/seccomp.json), read when runward was built: reading the JSON again at each
// start of a container takes longer than all that is done with it. They are condensed(). shim/embed_baselines.cc writes
// the function.

#include <optional>
#include <string_view>

#include "seccomp/parse.h"

namespace runward::seccomp {

// Nothing where `profile` ("default") is no shipped profile or has no filter of its own.
std::optional<Template> shipped_baseline(std::string_view profile);

}  // namespace runward::seccomp

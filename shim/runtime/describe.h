// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runward --version` and `runward features`: the low-level runtime's own answers, with our name added where engines do
// not stumble over it. docker info reads the first on every call (go-runc wants the prefix "runc version "), and
// dockerd decides from the second whether `:ro` mounts become recursive, so both must stay real.
//
//   SHIM_TRY(const int exit_code, print_features(runc));

#include <unistd.h>

#include <optional>
#include <string>
#include <string_view>

#include "shim/base/result.h"
#include "shim/runtime/low_level.h"

namespace runward::runtime {

inline constexpr std::string_view kAnnotationPrefix = "io.runward.";

// Both print to `out` and return the low-level runtime's exit code.
Result<int> print_version(const LowLevel& low_level, int out = STDOUT_FILENO);
Result<int> print_features(const LowLevel& low_level, int out = STDOUT_FILENO);

// The features document with kAnnotationPrefix among its potentiallyUnsafeConfigAnnotations (runtime-spec features.md):
// an engine must not let an image set what our policy may listen to. Nothing when `features` is no such document.
std::optional<std::string> with_annotation_prefix(std::string_view features);

}  // namespace runward::runtime

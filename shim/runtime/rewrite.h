// SPDX-License-Identifier: Apache-2.0
#pragma once

// A governed call with another document: what the command line said about the document is gone, and every option that
// stays has the one form that all readers understand alike, `--name=value`.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shim/runtime/command_line.h"

namespace runward::runtime {

// The global options as they came, the command, `document`, those of its options that `kept` names, the container.
std::vector<std::string> rewritten(const Invocation& call, std::span<const std::string> argv,
                                   std::span<const std::string_view> kept, std::string document);

}  // namespace runward::runtime

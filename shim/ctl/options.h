// SPDX-License-Identifier: Apache-2.0
#pragma once

// A command's arguments against its table of options. The home of Boost.Program_options is options.cc.

#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/ctl/command.h"

namespace runward::ctl {

// An Error of kind usage for what the table does not have.
Result<Given> parse_options(const Command& command, const std::vector<std::string>& arguments);

std::string help_of(const Command& command);
std::string help_of_all();

}  // namespace runward::ctl

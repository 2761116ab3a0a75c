// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl rules`: the table of rules as a profile sets them.

#include <array>

#include "shim/ctl/command.h"
#include "shim/oci/value.h"
#include "shim/policy/policy.h"

namespace runward::ctl {

// [{"rule", "mode", "on_excess", "summary"}], in the order of policy::kRules.
oci::Value rules_of(const policy::Policy& policy);

Result<int> run_rules(const Given& given);

inline constexpr std::array kRulesOptions = {kProfileOption, kConfigDirOption, kJsonOption};
inline constexpr Command kRulesCommand{.name = "rules",
                                       .summary = "list the rules, and what a profile makes of each",
                                       .argument = "",
                                       .options = kRulesOptions,
                                       .run = &run_rules};

}  // namespace runward::ctl

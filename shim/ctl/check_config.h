// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl check-config`: reads the host's configuration and every profile as runward would.

#include <array>
#include <string>
#include <vector>

#include "shim/ctl/command.h"

namespace runward::ctl {

struct Checked {
  std::string what;     // "config.json", "profile 'default'"
  std::string problem;  // empty: none
};

// All of it, or with `only_profile` that profile alone (under the host's configuration).
Result<std::vector<Checked>> check_config(const std::string& config_dir,
                                          const std::optional<std::string>& only_profile);

Result<int> run_check_config(const Given& given);

inline constexpr std::array kCheckConfigOptions = {kConfigDirOption,
                                                   OptionRow{"profile", "NAME", "check this profile only"}};
inline constexpr Command kCheckConfigCommand{.name = "check-config",
                                             .summary = "check the configuration and every profile",
                                             .argument = "",
                                             .options = kCheckConfigOptions,
                                             .run = &run_check_config};

}  // namespace runward::ctl

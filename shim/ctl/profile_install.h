// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl profile install|remove|list`: hardening profiles in and out of force, below <config dir>/profiles.
//
// A profile is put together beside the configuration, checked there as `check-config` does, and then takes its place by
// one rename. What was there before is kept as ".<name>.previous", which no profile can be called.

#include <array>
#include <string>

#include "shim/base/result.h"
#include "shim/ctl/command.h"

namespace runward::ctl {

Status install_profile(const std::string& config_dir, const std::string& source, const std::string& name);
Status remove_profile(const std::string& config_dir, const std::string& name);

Result<int> run_profile_install(const Given& given);
Result<int> run_profile_remove(const Given& given);
Result<int> run_profile_list(const Given& given);

inline constexpr std::array kProfileInstallOptions = {OptionRow{"name", "NAME", "the profile's name (the folder's)"},
                                                      kConfigDirOption};
inline constexpr Command kProfileInstallCommand{.name = "profile install",
                                                .summary = "check a profile and put it into force",
                                                .argument = "DIR",
                                                .options = kProfileInstallOptions,
                                                .run = &run_profile_install};

inline constexpr std::array kProfileRemoveOptions = {kConfigDirOption};
inline constexpr Command kProfileRemoveCommand{.name = "profile remove",
                                               .summary = "take an installed profile out of force",
                                               .argument = "NAME",
                                               .options = kProfileRemoveOptions,
                                               .run = &run_profile_remove};

inline constexpr std::array kProfileListOptions = {kConfigDirOption};
inline constexpr Command kProfileListCommand{.name = "profile list",
                                             .summary = "list installed and shipped profiles",
                                             .argument = "",
                                             .options = kProfileListOptions,
                                             .run = &run_profile_list};

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl apparmor show|check|load|unload [PROFILE]`: the AppArmor profiles that runward brings and loads.

#include <array>
#include <string>

#include "apparmor/profile.h"
#include "shim/ctl/command.h"

namespace runward::ctl {

// What a profile lets through and what it closes, a line for each kind of thing.
std::string apparmor_summary(const apparmor::Profile& profile);

Result<int> run_apparmor(const Given& given);

inline constexpr std::array kAppArmorOptions = {
    OptionRow{"abi", "VERSION", "show: in the language of AppArmor VERSION (4.0, 3.0)"}, kConfigDirOption};
inline constexpr Command kAppArmorCommand{.name = "apparmor",
                                          .summary = "show, check, load or unload an AppArmor profile",
                                          .argument = "show|check|load|unload PROFILE",
                                          .options = kAppArmorOptions,
                                          .run = &run_apparmor};

}  // namespace runward::ctl

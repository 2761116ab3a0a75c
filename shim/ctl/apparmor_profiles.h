// SPDX-License-Identifier: Apache-2.0
#pragma once

// The AppArmor profiles of runward's own that the hardening profiles of a configuration name.

#include <string>
#include <vector>

#include "apparmor/load.h"
#include "shim/base/result.h"
#include "shim/policy/policy.h"

namespace runward::ctl {

struct OwnProfile {
  apparmor::Wanted wanted;
  std::string place;               // its file, or "builtin:default"
  std::vector<std::string> users;  // the hardening profiles that name it
};

// Of all hardening profiles, installed and shipped; those that can't be read are left out (check-config tells).
Result<std::vector<OwnProfile>> own_profiles(const std::string& config_dir);

// What a hardening profile names; an error where that is not runward's own.
Result<OwnProfile> own_profile_of(const std::string& config_dir, const std::string& profile);

// How it stands with a profile on this host, best first.
enum class Standing {
  loaded,       // in the kernel, with the text that is wanted
  compiled,     // loaded in milliseconds when a container starts
  to_compile,   // apparmor_parser will do it when a container starts
  unavailable,  // neither
};
Result<Standing> standing_of(const apparmor::Places& places, const apparmor::Wanted& wanted);

// For `install`: compiles all of them for this kernel, so that no create has to. A host without AppArmor has nothing to
// compile; what fails is complained about, and is no reason not to go on.
void compile_own_profiles(const std::string& config_dir);

}  // namespace runward::ctl

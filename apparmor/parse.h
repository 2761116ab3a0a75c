// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads the part of AppArmor's language that we write (profile.h): one profile, with comments, without variables, child
// profiles, rlimits and dbus rules. parse(render(p)) is p.
//
// What is outside of it is an error, never skipped: who wants to know what a profile lets through must not be told
// half. An error names the line: `/etc/runward/profiles/web/apparmor:12: expected the name of a capability`.

#include <string_view>

#include "apparmor/profile.h"
#include "shim/base/result.h"

namespace runward::apparmor {

Result<Profile> parse(std::string_view text, std::string_view name);

}  // namespace runward::apparmor

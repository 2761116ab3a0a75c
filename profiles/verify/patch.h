// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is missing in a profile's files, put into their text, and the difference as patch(1) takes it.
//
//   const auto filter = allow_calls(text, {"chroot"});
//   print(unified_diff("seccomp.json", text, *filter));        // patch -p1 in the profile's folder
//
// What an author wrote stays as it is, comments too, where a new entry is enough.

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "apparmor/profile.h"

namespace runward::profiles {

// The entries of a filter in OCI form that allow these calls: one, and one for clone, which never may make namespaces.
std::string allowing_entries(const std::set<std::string>& calls);

// Nothing where the text is no seccomp filter. A call that an entry refuses by name is taken out of it, for which the
// whole file is printed anew.
std::optional<std::string> allow_calls(std::string_view text, const std::set<std::string>& calls);

// Nothing where the text is not an AppArmor profile that we can read.
std::optional<std::string> add_rules(std::string_view text, const std::set<apparmor::Rule>& rules);

// Of one file: "--- a/NAME", "+++ b/NAME" and one hunk with three lines around it. Empty where nothing differs.
std::string unified_diff(std::string_view name, std::string_view before, std::string_view after);

}  // namespace runward::profiles

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The shipped profiles, built into the program from profiles/<name>/ (profiles/embed.cmake writes the table). Lines
// that are comments are empty there, so line numbers are the files'.

#include <span>
#include <string_view>

namespace runward::policy {

struct ShippedProfile {
  std::string_view name;
  std::string_view profile;   // profile.json
  std::string_view seccomp;   // seccomp.json, or empty
  std::string_view apparmor;  // apparmor, or empty
};

std::span<const ShippedProfile> shipped_profiles();
const ShippedProfile* find_shipped(std::string_view name);

inline constexpr std::string_view kBuiltin = "builtin:";

}  // namespace runward::policy

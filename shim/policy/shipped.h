// SPDX-License-Identifier: Apache-2.0
#pragma once

// The shipped profiles, built into the program from profiles/<name>/. Comments are left out.

#include <span>
#include <string_view>

#include "shim/policy/policy.h"

namespace runward::policy {

// Written by profiles/embed.cmake.
struct ShippedProfile {
  std::string_view name;
  std::string_view seccomp;   // seccomp.json, or empty
  std::string_view apparmor;  // apparmor, or empty
};

std::span<const ShippedProfile> shipped_profiles();
const ShippedProfile* find_shipped(std::string_view name);

// What parsing profile.json gives: to parse one takes a tenth of what a create may cost, so it is done when runward is
// built. Written by shim/embed_policies.cc.
struct ShippedPolicy {
  std::string_view name;
  std::string_view parent;  // a shipped one too, or empty
  std::string_view text;    // profile.json, canonical (oci/print.h)
  std::string_view hash;    // fingerprint.h, of it and its parents
  Policy (*policy)();       // it over its parents
};

std::span<const ShippedPolicy> shipped_policies();

inline constexpr std::string_view kBuiltin = "builtin:";

}  // namespace runward::policy

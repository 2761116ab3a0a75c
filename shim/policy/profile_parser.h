// SPDX-License-Identifier: Apache-2.0
#pragma once

// A hardening profile's profile.json, read in two steps so that a chain of parents is parsed only once.
//
// To add a setting: 1. a field in policy.h; 2. a row in kProfileKeys; 3. its line in shim/embed_policies.cc;
// 4. the schema; 5. the shipped profiles.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shim/base/result.h"
#include "shim/oci/value.h"
#include "shim/policy/policy.h"
#include "shim/policy/store.h"

namespace runward::policy {

struct ParsedProfile {
  ProfileDocument document;
  oci::Value value;
  std::optional<std::string> parent;
};

Result<ParsedProfile> parse_profile(ProfileDocument document);
Status apply_profile(const ParsedProfile& profile, Policy& policy);

// What the parsers know, for the schema's test and for documentation. `section` is a rule's name, "*" for every rule,
// or in the host's configuration the key of the object that it stands in ("" at the top).
struct KnownKey {
  std::string_view section;
  std::string_view name;
  bool is_list = false;  // takes "name_add" too
};
std::vector<KnownKey> profile_keys();
std::vector<KnownKey> config_keys();

}  // namespace runward::policy

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where policy comes from: <config dir>/config.json, <config dir>/profiles/<name>/profile.json, and the shipped
// profiles, which are built into the program, so that a host without any file is protected too.
//
//   SHIM_TRY(const Config config, load_config(build_info::kConfigDir));
//   SHIM_TRY(const Policy policy, load_policy(build_info::kConfigDir, "strict", config));
//
// Every file must be owned by root, in folders that only root can write; unknown keys are errors. An error names file,
// line and column, key and what was expected: `config.json:4:15: events.required: expected true or false`.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shim/base/result.h"
#include "shim/oci/value.h"
#include "shim/policy/config.h"
#include "shim/policy/policy.h"

namespace runward::policy {

// The defaults when there is no config.json.
Result<Config> load_config(const std::string& config_dir);

struct ProfileDocument {
  std::string text;
  std::string name;       // for messages: a path, or "builtin:default"
  std::string directory;  // where seccomp.json lies, or "builtin:<profile>"
};

// All that a Policy comes from, word for word: kept with a running container, since a change of the files is for new
// containers only.
struct PolicyText {
  std::string profile;                     // its name
  std::string config;                      // of config.json; empty when there is none
  std::vector<ProfileDocument> documents;  // the profile, then its parents
};

struct LoadedPolicy {
  Policy policy;
  PolicyText text;
};

// A profile with its parents, under the host's ceilings and mode.
Result<LoadedPolicy> load_policy_with_text(const std::string& config_dir, const std::string& profile,
                                           const Config& config);
Result<Policy> policy_from_text(PolicyText text);
Result<Policy> load_policy(const std::string& config_dir, const std::string& profile, const Config& config);

// The OCI-form seccomp filter that the policy names (Seccomp::baseline), and its text, for the places of errors in it.
struct SeccompFile {
  oci::Value json;
  std::string text;
};
Result<SeccompFile> load_seccomp(const Policy& policy);

// The text of an AppArmor profile by its name: of "runward-NAME" it is the file `apparmor` of the hardening profile
// NAME, the installed one's or else the shipped one's. Its place (AppArmor::source) is empty for names that are not
// runward's own and where there is none. A name means one text on the whole host, as it does in the kernel.
std::string apparmor_source(const std::string& config_dir, const std::string& name);
Result<std::string> load_apparmor(const std::string& source);

// Names of installed and shipped profiles, sorted.
Result<std::vector<std::string>> list_profiles(const std::string& config_dir);
bool profile_exists(const std::string& config_dir, const std::string& profile);

// The parsers, pure; `name` stands in errors.
Result<Config> parse_config(std::string_view text, std::string_view name);
Result<std::optional<std::string>> parent_of(const ProfileDocument& document);
// Overrides in `policy` what the document says.
Status apply_profile(const ProfileDocument& document, Policy& policy);
// Puts host mode and ceilings over a policy.
void apply_host(const Config& config, Policy& policy);

}  // namespace runward::policy

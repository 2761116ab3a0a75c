// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/profile_folder.h"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "apparmor/parse.h"
#include "seccomp/compile.h"
#include "shim/base/file.h"
#include "shim/decide.h"
#include "shim/oci/parse.h"
#include "shim/policy/object_reader.h"
#include "shim/policy/read_values.h"
#include "shim/policy/store.h"

namespace runward::ctl {
namespace {

constexpr std::size_t kMaxBytes = policy::kPolicyFileLimits.max_bytes;

std::string without_slash(std::string place) {
  while (place.size() > 1 && place.ends_with('/')) place.pop_back();
  return place;
}

Result<policy::Policy> resolve(const std::string& config_dir, const policy::ProfileDocument& document) {
  SHIM_TRY(const auto parent, policy::parent_of(document));
  policy::Policy policy;
  if (parent) {
    SHIM_TRY(const policy::Config config, policy::load_config(config_dir));
    SHIM_TRY(policy, policy::load_policy(config_dir, *parent, config));
  }
  SHIM_CHECK(policy::apply_profile(document, policy));
  return policy;
}

Result<seccomp::Template> filter_of(const std::string& folder, const policy::Policy& policy) {
  if (!policy.seccomp.baseline.starts_with(folder + "/")) return load_seccomp_baseline(policy);
  SHIM_TRY(const std::string text, read_file(policy.seccomp.baseline, kMaxBytes));
  SHIM_TRY(const oci::Value json, oci::parse(text, policy.seccomp.baseline, policy::kPolicyFileLimits));
  return seccomp::parse_template(json, policy.seccomp.baseline, text);
}

Result<std::optional<apparmor::Profile>> apparmor_of(const std::string& place, const std::string& text) {
  SHIM_TRY(apparmor::Profile profile, apparmor::parse(text, place));
  return std::optional(std::move(profile));
}

Result<std::optional<apparmor::Profile>> apparmor_of(const policy::Policy& policy) {
  if (policy.apparmor.source.empty()) return std::optional<apparmor::Profile>();
  SHIM_TRY(const std::string text, policy::load_apparmor(policy.apparmor.source));
  return apparmor_of(policy.apparmor.source, text);
}

Result<profiles::ProfileFolder> load_folder(const std::string& config_dir, const std::string& folder) {
  const std::string path = folder + "/" + std::string(profiles::kSettingsFile);
  SHIM_TRY(std::string text, read_file(path, kMaxBytes));
  profiles::ProfileFolder loaded;
  loaded.name = file_name(folder);
  SHIM_TRY(loaded.policy, resolve(config_dir, {.text = std::move(text), .name = path, .directory = folder}));
  SHIM_TRY(loaded.seccomp, filter_of(folder, loaded.policy));
  const std::string apparmor = folder + "/" + std::string(profiles::kApparmorFile);
  if (file_exists(apparmor)) {
    SHIM_TRY(const std::string rules, read_file(apparmor, kMaxBytes));
    SHIM_TRY(loaded.apparmor, apparmor_of(apparmor, rules));
  } else {
    SHIM_TRY(loaded.apparmor, apparmor_of(loaded.policy));
  }
  const std::string recordings = folder + "/" + std::string(profiles::kRecordingsFile);
  if (!file_exists(recordings)) return loaded;
  SHIM_TRY(loaded.recordings, read_recordings({recordings}));
  return loaded;
}

Result<profiles::ProfileFolder> load_by_name(const std::string& config_dir, const std::string& name) {
  SHIM_TRY(const policy::Config config, policy::load_config(config_dir));
  profiles::ProfileFolder loaded;
  loaded.name = name;
  SHIM_TRY(loaded.policy, policy::load_policy(config_dir, name, config));
  SHIM_TRY(loaded.seccomp, load_seccomp_baseline(loaded.policy));
  SHIM_TRY(loaded.apparmor, apparmor_of(loaded.policy));
  return loaded;
}

}  // namespace

bool file_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

mode_t mode_of(std::string_view file) {
  return file == profiles::kRecordingsFile || file == profiles::kReportFile ? 0600 : 0644;
}

Result<profiles::Collection> read_recordings(const std::vector<std::string>& paths) {
  profiles::Collection all;
  for (const std::string& path : paths) {
    SHIM_TRY(const std::string text, read_file(path, profiles::kMaxRecordingBytes));
    SHIM_TRY(const profiles::Collection some, profiles::parse_collection(text, path));
    all = profiles::merge(all, some);
  }
  return all;
}

Result<profiles::Parent> load_parent(const std::string& config_dir, const std::string& name) {
  SHIM_TRY(profiles::ProfileFolder loaded, load_by_name(config_dir, name));
  if (!loaded.apparmor)
    return make_error(ErrorKind::policy, "profile '" + name + "' has no AppArmor profile to begin with");
  return profiles::Parent{.name = name,
                          .policy = std::move(loaded.policy),
                          .seccomp = std::move(loaded.seccomp),
                          .apparmor = *std::move(loaded.apparmor)};
}

Result<profiles::ProfileFolder> load_profile_folder(const std::string& config_dir, const std::string& place) {
  const std::string folder = without_slash(place);
  const std::string installed = config_dir + "/profiles/" + folder;
  const std::string settings = "/" + std::string(profiles::kSettingsFile);
  const bool is_name = policy::is_profile_name(folder);
  if (is_name && file_exists(installed + settings)) return load_folder(config_dir, installed);
  if (!is_name || file_exists(folder + settings)) return load_folder(config_dir, folder);
  return load_by_name(config_dir, folder);
}

std::string machine_architecture() {
  constexpr std::string_view kPrefix = "SCMP_ARCH_";
  std::string name = seccomp::native_architecture();
  if (name.starts_with(kPrefix)) name = name.substr(kPrefix.size());
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

}  // namespace runward::ctl

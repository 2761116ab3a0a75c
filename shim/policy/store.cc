// SPDX-License-Identifier: Apache-2.0
#include "shim/policy/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <set>
#include <span>

#include "shim/base/file.h"
#include "shim/base/fnv1a.h"
#include "shim/policy/fingerprint.h"
#include "shim/policy/object_reader.h"
#include "shim/policy/profile_parser.h"
#include "shim/policy/read_values.h"
#include "shim/policy/shipped.h"

namespace runward::policy {
namespace {

constexpr std::size_t kDeepestChain = 8;

Error as_policy_error(Error error) {
  error.kind = ErrorKind::policy;
  return error;
}

// The text of a file that only root can write; nothing when there is no such file.
Result<std::optional<std::string>> read_trusted(const std::string& path) {
  const auto fd = open_regular(AT_FDCWD, path);
  if (!fd && fd.error().code == std::errc::no_such_file_or_directory) return std::optional<std::string>{};
  if (!fd) return as_policy_error(fd.error());
  if (auto trusted = check_only_root_writes(*fd, path); !trusted) return as_policy_error(trusted.error());
  auto text = read_all(*fd, kPolicyFileLimits.max_bytes, path);
  if (!text) return as_policy_error(text.error());
  return std::optional<std::string>(*std::move(text));
}

std::string profile_folder(const std::string& config_dir, const std::string& name) {
  return config_dir + "/profiles/" + name;
}

std::string shipped_names() {
  std::string names;
  for (const ShippedProfile& shipped : shipped_profiles()) names.append(names.empty() ? "" : ", ").append(shipped.name);
  return names;
}

const ShippedPolicy* find_shipped_policy(std::string_view name) {
  const auto policies = shipped_policies();
  const auto found = std::ranges::find(policies, name, &ShippedPolicy::name);
  return found == policies.end() ? nullptr : &*found;
}

// A profile and its parents, the profile first. The shipped ones among them are the last ones, and are not parsed: they
// were when runward was built.
struct Chain {
  std::vector<ParsedProfile> parsed;
  const ShippedPolicy* base = nullptr;  // what `parsed` stands over
};

// It and its parents; nothing of nullptr.
std::vector<const ShippedPolicy*> generations(const ShippedPolicy* policy) {
  std::vector<const ShippedPolicy*> all;
  for (; policy != nullptr; policy = find_shipped_policy(policy->parent)) all.push_back(policy);
  return all;
}

std::vector<ProfileDocument> shipped_documents(const ShippedPolicy* policy) {
  std::vector<ProfileDocument> documents;
  for (const ShippedPolicy* const shipped : generations(policy)) {
    std::string place = std::string(kBuiltin) + std::string(shipped->name);
    documents.push_back({.text = std::string(shipped->text), .name = place, .directory = place});
  }
  return documents;
}

// What a name means depends on who says it: an installed profile may extend the shipped one of its own name, and a
// shipped one is made of shipped ones only, so that editing `default` never loosens `strict`.
enum class Origin { installed_first, shipped_only };

Result<std::optional<ProfileDocument>> find_installed(const std::string& config_dir, const std::string& name) {
  std::string folder = profile_folder(config_dir, name);
  std::string path = folder + "/profile.json";
  SHIM_TRY(auto text, read_trusted(path));
  if (!text) return std::optional<ProfileDocument>{};
  return std::optional(
      ProfileDocument{.text = *std::move(text), .name = std::move(path), .directory = std::move(folder)});
}

Error chain_error(const std::string& name, const std::string& how, const std::string& trail) {
  return make_error(ErrorKind::policy, "profile '" + name + "' extends " + how + ": " + trail);
}

Error too_deep(const std::string& name, const std::string& trail) {
  return chain_error(name, "more than " + std::to_string(kDeepestChain - 1) + " profiles", trail);
}

Error unknown_profile(const std::string& config_dir, const std::string& name) {
  return make_error(ErrorKind::policy, "unknown profile '" + name + "': '" + profile_folder(config_dir, name) +
                                           "/profile.json' is missing, and the shipped profiles are " +
                                           shipped_names());
}

Result<Chain> find_chain(const std::string& config_dir, const std::string& name) {
  Chain chain;
  std::string trail = name;
  std::string next = name;
  Origin origin = Origin::installed_first;
  for (;;) {
    if (!is_profile_name(next)) return make_error(ErrorKind::policy, "'" + next.substr(0, 80) + "' is no profile name");
    std::optional<ProfileDocument> installed;
    if (origin == Origin::installed_first) {
      SHIM_TRY(installed, find_installed(config_dir, next));
    }
    if (!installed) {
      chain.base = find_shipped_policy(next);
      if (chain.base == nullptr) return unknown_profile(config_dir, next);
      if (chain.parsed.size() + generations(chain.base).size() > kDeepestChain) return too_deep(name, trail);
      return chain;
    }
    const bool seen = std::ranges::any_of(
        chain.parsed, [&](const ParsedProfile& profile) { return profile.document.name == installed->name; });
    if (seen) return chain_error(name, "itself", trail);
    if (chain.parsed.size() == kDeepestChain) return too_deep(name, trail);
    SHIM_TRY(ParsedProfile profile, parse_profile(*std::move(installed)));
    chain.parsed.push_back(std::move(profile));
    const auto& parent = chain.parsed.back().parent;
    if (!parent) return chain;
    origin = *parent == next ? Origin::shipped_only : Origin::installed_first;
    next = *parent;
    trail += " → " + next;
  }
}

// The shipped profile that these documents are, with its parents: of an earlier runward they may say something else.
const ShippedPolicy* shipped_as(std::span<const ProfileDocument> documents) {
  const std::string_view place = documents.front().directory;
  if (!place.starts_with(kBuiltin)) return nullptr;
  const ShippedPolicy* const policy = find_shipped_policy(place.substr(kBuiltin.size()));
  const auto same_text = [](const ProfileDocument& document, const ShippedPolicy* shipped) {
    return document.text == shipped->text;
  };
  return std::ranges::equal(documents, generations(policy), same_text) ? policy : nullptr;
}

Result<Chain> parse_chain(std::vector<ProfileDocument> documents) {
  Chain chain;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    chain.base = shipped_as(std::span(documents).subspan(i));
    if (chain.base != nullptr) return chain;
    SHIM_TRY(ParsedProfile parsed, parse_profile(std::move(documents[i])));
    chain.parsed.push_back(std::move(parsed));
  }
  return chain;
}

bool is_on(const Policy& policy, RuleId rule) { return policy.rule(rule).mode != Mode::off; }

// What a profile without parent can forget, and a step could not do without.
Status check_complete(const Policy& policy) {
  if (is_on(policy, RuleId::seccomp) && policy.seccomp.baseline.empty())
    return make_error(ErrorKind::policy,
                      "profile '" + policy.profile +
                          "' names no seccomp filter: set rules.seccomp.baseline, or extend a profile that does");
  if (policy.apparmor.required && policy.apparmor.profile.empty())
    return make_error(ErrorKind::policy, "profile '" + policy.profile +
                                             "' requires AppArmor and names no profile: set rules.apparmor.profile");
  return ok();
}

// The same whether what is shipped among it was parsed here or when runward was built.
std::string hash_of(const Chain& chain, const Config& config) {
  Fnv1a hash;
  std::vector<ProfileDocument> shipped;
  for (const ParsedProfile& parsed : chain.parsed) {
    if (parsed.document.directory.starts_with(kBuiltin)) {
      shipped.push_back(parsed.document);
    } else {
      hash.add(parsed.document.text);
    }
  }
  if (shipped.empty() && chain.base != nullptr) {
    hash.add(chain.base->hash);
  } else {
    for (ProfileDocument& document : shipped_documents(chain.base)) shipped.push_back(std::move(document));
    hash.add(fingerprint(shipped));
  }
  hash.add(config.text);
  return hash.hex();
}

Result<Policy> resolve(const Chain& chain, const std::string& profile, const Config& config) {
  Policy policy = chain.base != nullptr ? chain.base->policy() : Policy{};
  for (auto parsed = chain.parsed.rbegin(); parsed != chain.parsed.rend(); ++parsed)
    SHIM_CHECK(apply_profile(*parsed, policy));
  policy.profile = profile;
  policy.hash = hash_of(chain, config);
  apply_host(config, policy);
  SHIM_CHECK(check_complete(policy));
  return policy;
}

Status check_is_filter(const oci::Value& filter, const std::string& name) {
  const oci::Value* action = oci::find(filter, std::string_view("defaultAction"));
  const oci::Value* calls = oci::find(filter, std::string_view("syscalls"));
  if (action != nullptr && action->is_string() && calls != nullptr && calls->is_array()) return ok();
  return make_error(ErrorKind::policy,
                    "'" + name + R"(' is no seccomp filter in OCI form: expected "defaultAction" and "syscalls")");
}

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

}  // namespace

const ShippedProfile* find_shipped(std::string_view name) {
  const auto profiles = shipped_profiles();
  const auto found = std::ranges::find(profiles, name, &ShippedProfile::name);
  return found == profiles.end() ? nullptr : &*found;
}

Result<Config> load_config(const std::string& config_dir) {
  const std::string path = config_dir + "/config.json";
  SHIM_TRY(const auto text, read_trusted(path));
  if (!text) return Config{};
  SHIM_TRY(Config config, parse_config(*text, path));
  config.text = *text;
  return config;
}

Result<LoadedPolicy> load_policy_with_text(const std::string& config_dir, const std::string& profile,
                                           const Config& config) {
  SHIM_TRY(Chain chain, find_chain(config_dir, profile));
  SHIM_TRY(Policy policy, resolve(chain, profile, config));
  policy.apparmor.source = apparmor_source(config_dir, policy.apparmor.profile);
  LoadedPolicy loaded{.policy = std::move(policy),
                      .text = {.profile = profile, .config = config.text, .documents = {}}};
  auto& documents = loaded.text.documents;
  for (ParsedProfile& parsed : chain.parsed) documents.push_back(std::move(parsed.document));
  for (ProfileDocument& document : shipped_documents(chain.base)) documents.push_back(std::move(document));
  return loaded;
}

Result<Policy> policy_from_text(PolicyText text) {
  Config config;
  if (!text.config.empty()) {
    SHIM_TRY(config, parse_config(text.config, "config.json"));
    config.text = std::move(text.config);
  }
  SHIM_TRY(const Chain chain, parse_chain(std::move(text.documents)));
  return resolve(chain, text.profile, config);
}

Result<Policy> load_policy(const std::string& config_dir, const std::string& profile, const Config& config) {
  SHIM_TRY(LoadedPolicy loaded, load_policy_with_text(config_dir, profile, config));
  return std::move(loaded.policy);
}

Result<SeccompFile> load_seccomp(const Policy& policy) {
  const std::string& place = policy.seccomp.baseline;
  std::optional<std::string> text;
  if (place.starts_with(kBuiltin)) {
    const ShippedProfile* shipped = find_shipped(std::string_view(place).substr(kBuiltin.size()));
    if (shipped != nullptr && !shipped->seccomp.empty()) text = shipped->seccomp;
  } else {
    SHIM_TRY(text, read_trusted(place));
  }
  if (!text)
    return make_error(ErrorKind::policy,
                      "profile '" + policy.profile + "' names the seccomp filter '" + place + "', which is missing");
  auto filter = oci::parse(*text, place, kPolicyFileLimits);
  if (!filter) return make_error(ErrorKind::policy, filter.error().message);
  SHIM_CHECK(check_is_filter(*filter, place));
  return SeccompFile{.json = *std::move(filter), .text = *std::move(text)};
}

std::string apparmor_source(const std::string& config_dir, const std::string& name) {
  constexpr std::string_view kOwn = "runward-";
  const std::string profile = name.starts_with(kOwn) ? name.substr(kOwn.size()) : "";
  if (!is_profile_name(profile)) return "";
  std::string path = profile_folder(config_dir, profile) + "/apparmor";
  if (::access(path.c_str(), F_OK) == 0) return path;
  const ShippedProfile* const shipped = find_shipped(profile);
  return shipped != nullptr && !shipped->apparmor.empty() ? std::string(kBuiltin) + profile : "";
}

Result<std::string> load_apparmor(const std::string& source) {
  std::optional<std::string> text;
  if (source.starts_with(kBuiltin)) {
    const ShippedProfile* const shipped = find_shipped(std::string_view(source).substr(kBuiltin.size()));
    if (shipped != nullptr && !shipped->apparmor.empty()) text = shipped->apparmor;
  } else {
    SHIM_TRY(text, read_trusted(source));
  }
  if (!text) return make_error(ErrorKind::policy, "the AppArmor profile '" + source + "' is missing");
  return *std::move(text);
}

bool profile_exists(const std::string& config_dir, const std::string& profile) {
  if (!is_profile_name(profile)) return false;
  return find_shipped(profile) != nullptr ||
         ::access((profile_folder(config_dir, profile) + "/profile.json").c_str(), F_OK) == 0;
}

Result<std::vector<std::string>> list_profiles(const std::string& config_dir) {
  std::set<std::string> names;
  for (const ShippedProfile& shipped : shipped_profiles()) names.emplace(shipped.name);
  const std::string path = config_dir + "/profiles";
  const Directory directory(::opendir(path.c_str()), &::closedir);
  if (!directory && errno != ENOENT) return as_policy_error(errno_error("open", path));
  if (directory) {
    while (const dirent* entry = ::readdir(directory.get()))
      if (profile_exists(config_dir, &entry->d_name[0])) names.emplace(&entry->d_name[0]);
  }
  return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace runward::policy

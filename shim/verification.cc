// SPDX-License-Identifier: Apache-2.0
#include "shim/verification.h"

#include <fcntl.h>

#include <filesystem>

#include "shim/audit_session.h"
#include "shim/base/file.h"
#include "shim/held_file.h"
#include "shim/oci/parse.h"
#include "shim/oci/print.h"

namespace runward {
namespace {

Result<Grant> grant_of(const oci::Value& json, const std::string& folder) {
  Grant grant{.folder = folder,
              .profile = text_of(json, "profile"),
              .id_file = text_of(json, "id_file"),
              .apparmor = text_of(json, "apparmor")};
  if (grant.profile.empty() || !grant.id_file.starts_with('/'))
    return make_error(ErrorKind::parse, "'" + folder + "' grants nothing");
  return grant;
}

// Nothing where `profile verify` has ended, or is another's.
Result<Grant> read_grant(const std::string& folder, const std::string& container_id) {
  SHIM_TRY(const oci::Value json, read_held(folder + "/" + kGrantFile, container_id));
  return grant_of(json, folder);
}

}  // namespace

std::string print_grant(const Grant& grant) {
  return oci::print({{"profile", grant.profile}, {"id_file", grant.id_file}, {"apparmor", grant.apparmor}});
}

Result<Grant> parse_grant(const std::string& text, const std::string& folder) {
  SHIM_TRY(const oci::Value json, oci::parse(text, kGrantFile));
  return grant_of(json, folder);
}

bool is_verified(const std::string& program) { return program.substr(program.rfind('/') + 1) == kVerifyingRuntime; }

Result<Grant> find_grant(const std::string& container_id) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(verifications_folder(), error), end; !error && entry != end;
       entry.increment(error))
    if (auto grant = read_grant(entry->path().native(), container_id)) return grant;
  return make_error(ErrorKind::policy,
                    std::string("the runtime ") + kVerifyingRuntime +
                        " is for containers that a running `runwardctl profile verify` has started, and this is none");
}

Result<policy::LoadedPolicy> load_granted(const Grant& grant, const policy::Config& config) {
  constexpr std::size_t kMaxProfileBytes = std::size_t{1} << 20U;
  const std::string path = grant.folder + "/profile.json";
  SHIM_TRY(const UniqueFd fd, open_regular(AT_FDCWD, path));
  SHIM_CHECK(check_only_root_writes(fd, path));
  policy::ProfileDocument document{.text = {}, .name = path, .directory = grant.folder};
  SHIM_TRY(document.text, read_all(fd, kMaxProfileBytes, path));
  SHIM_TRY(const auto parent, policy::parent_of(document));
  policy::LoadedPolicy loaded;
  if (parent) {
    SHIM_TRY(loaded, policy::load_policy_with_text(build_info::kConfigDir, *parent, config));
  }
  loaded.text.profile = grant.profile;
  loaded.text.config = config.text;
  loaded.text.documents.insert(loaded.text.documents.begin(), std::move(document));
  SHIM_TRY(loaded.policy, policy::policy_from_text(loaded.text));
  if (loaded.policy.rule(policy::RuleId::seccomp).mode != policy::Mode::enforce)
    return make_error(ErrorKind::policy,
                      "profile '" + grant.profile + "' can't be verified: its rule seccomp is not enforced here");
  if (!grant.apparmor.empty()) loaded.policy.apparmor = {.profile = grant.apparmor, .required = true, .source = {}};
  return loaded;
}

void begin_session(const Grant& grant) {
  const auto session = begin_audit_session();
  if (!session) return;
  const std::string path = grant.folder + "/" + kSessionsFolder + "/" + std::to_string(*session);
  const UniqueFd mark(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
}

}  // namespace runward

// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <filesystem>
#include <map>

#include "shim/ctl/doctor/probes.h"
#include "shim/policy/store.h"

namespace runward::ctl::doctor {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 1000;
constexpr int kDeepest = 4;  // config.json, profiles/<name>/profile.json, and some more

Result<FileFact> look_at(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return errno_error("stat", path);
  return FileFact{.path = path, .uid = status.st_uid, .mode = status.st_mode};
}

bool is_absent(const Error& error) { return error.code == std::errc::no_such_file_or_directory; }

std::optional<Result<Standing>> standing_of(const policy::AppArmor& rule) {
  const apparmor::Places places = apparmor::host_places();
  if (!apparmor::kernel_has_apparmor(places)) return std::nullopt;
  auto source = policy::load_apparmor(rule.source);
  if (!source) return std::move(source).error();
  return ctl::standing_of(places, {.name = rule.profile, .source = *std::move(source)});
}

}  // namespace

Result<std::vector<FileFact>> probe_configuration_files(const std::string& config_dir) {
  SHIM_TRY(const FileFact top, look_at(config_dir));
  std::vector<FileFact> files = {top};
  std::error_code error;
  for (fs::recursive_directory_iterator entry(config_dir, error), end; !error && entry != end; entry.increment(error)) {
    if (files.size() >= kMaxFiles)
      return make_error(ErrorKind::io, "'" + config_dir + "' has more than " + std::to_string(kMaxFiles) + " files");
    if (entry.depth() >= kDeepest) entry.disable_recursion_pending();
    SHIM_TRY(const FileFact file, look_at(entry->path()));
    files.push_back(file);
  }
  if (error) return errno_error("read", config_dir, error.value());
  return files;
}

// Several profiles want the same one: a line for all of them.
std::vector<AppArmorWish> probe_apparmor_wishes(const std::string& config_dir, const policy::Config& config) {
  std::map<std::string, AppArmorWish> wishes;
  const auto names = policy::list_profiles(config_dir);
  if (!names) return {};
  for (const std::string& name : *names) {
    const auto policy = policy::load_policy(config_dir, name, config);
    if (!policy || policy->rule(policy::RuleId::apparmor).mode == policy::Mode::off) continue;
    if (policy->apparmor.profile.empty()) continue;
    AppArmorWish& wish = wishes[policy->apparmor.profile];
    wish.apparmor = policy->apparmor.profile;
    wish.profile += (wish.profile.empty() ? "" : ", ") + name;
    wish.required = wish.required || policy->apparmor.required;
    if (!wish.standing && !policy->apparmor.source.empty()) wish.standing = standing_of(policy->apparmor);
  }
  std::vector<AppArmorWish> all;
  all.reserve(wishes.size());
  for (auto& [name, wish] : wishes) all.push_back(std::move(wish));
  return all;
}

EventsFacts probe_events(const policy::Events& events) {
  EventsFacts facts;
  facts.file = events.file;
  facts.required = events.required;
  if (events.file.empty()) return facts;
  const std::string folder = fs::path(events.file).parent_path();
  facts.folder = look_at(folder);
  auto log = look_at(events.file);
  if (log || !is_absent(log.error())) facts.log = std::move(log);
  struct statvfs space {};
  if (::statvfs(folder.c_str(), &space) == 0) {
    facts.free_bytes = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
  } else {
    facts.free_bytes = errno_error("statvfs", folder);
  }
  return facts;
}

}  // namespace runward::ctl::doctor

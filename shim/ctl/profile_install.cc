// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/profile_install.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <system_error>

#include "apparmor/compile.h"
#include "apparmor/load.h"
#include "apparmor/parse.h"
#include "profiles/generator/generate.h"
#include "shim/base/file.h"
#include "shim/ctl/apparmor_profiles.h"
#include "shim/ctl/check_config.h"
#include "shim/ctl/profile_folder.h"
#include "shim/ctl/table.h"
#include "shim/decide.h"
#include "shim/policy/read_values.h"
#include "shim/policy/store.h"

namespace runward::ctl {
namespace {

namespace fs = std::filesystem;

std::string profiles_of(const std::string& config_dir) { return config_dir + "/profiles"; }
std::string previous_of(const std::string& config_dir, const std::string& name) {
  return profiles_of(config_dir) + "/." + name + ".previous";
}

Error filesystem_error(const std::string& what, const std::string& path, const std::error_code& code) {
  return errno_error(what, path, code.value());
}

Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return ok();
  return errno_error("make folder", path);
}

Status remove_all(const std::string& path) {
  std::error_code code;
  fs::remove_all(path, code);
  return code ? Status(filesystem_error("remove", path, code)) : ok();
}

Status rename_path(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return ok();
  return errno_error("rename", from);
}

// A configuration of its own beside the real one, on the same filesystem: what others extend is copied into it.
class Staging {
 public:
  static Result<Staging> make(const std::string& config_dir) {
    SHIM_CHECK(make_folder(config_dir));
    SHIM_CHECK(make_folder(profiles_of(config_dir)));
    std::string path = config_dir + "/.staging.XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return errno_error("make folder", path);
    Staging staging(std::move(path));
    SHIM_CHECK(staging.copy_from(config_dir));
    return staging;
  }
  Staging(Staging&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  Staging& operator=(Staging&&) = delete;
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    if (!path_.empty()) static_cast<void>(remove_all(path_));
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit Staging(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] Status copy_from(const std::string& config_dir) const {
    std::error_code code;
    const std::string config = config_dir + "/config.json";
    if (fs::exists(config, code)) fs::copy_file(config, path_ + "/config.json", code);
    if (!code)
      fs::copy(profiles_of(config_dir), profiles_of(path_),
               fs::copy_options::recursive | fs::copy_options::copy_symlinks, code);
    return code ? Status(filesystem_error("copy", config_dir, code)) : ok();
  }

  std::string path_;
};

std::size_t limit_of(std::string_view file) {
  constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;
  return file == profiles::kRecordingsFile ? profiles::kMaxRecordingBytes : kMaxBytes;
}

// The known files, and no others: root's, and nobody else's to write.
Status copy_files(const std::string& source, const std::string& target) {
  SHIM_CHECK(remove_all(target));
  SHIM_CHECK(make_folder(target));
  SHIM_TRY(const UniqueFd from, open_directory(source));
  SHIM_TRY(const UniqueFd to, open_directory(target));
  for (const std::string_view file : profiles::kProfileFiles) {
    const std::string name(file);
    const auto fd = open_regular(from.get(), name);
    const bool is_missing = !fd && fd.error().code == std::errc::no_such_file_or_directory;
    if (is_missing && file != profiles::kSettingsFile) continue;
    if (!fd) return fd.error();
    SHIM_TRY(const std::string text, read_all(*fd, limit_of(file), std::string(source).append("/").append(name)));
    SHIM_CHECK(replace_file(to, name, text, mode_of(file)));
  }
  return ok();
}

// That it is the one of this name, and that it compiles; where the kernel has AppArmor it is compiled for it too.
Status check_apparmor(const std::string& staged, const std::string& name) {
  if (!file_exists(profiles_of(staged) + "/" + name + "/" + std::string(profiles::kApparmorFile))) return ok();
  SHIM_TRY(const std::string source, policy::load_apparmor(policy::apparmor_source(staged, "runward-" + name)));
  const apparmor::Wanted wanted{.name = "runward-" + name, .source = source};
  const auto parsed = apparmor::parse(source, "apparmor");
  if (parsed && parsed->name != wanted.name)
    return make_error(ErrorKind::policy, "its AppArmor profile is called '" + parsed->name + "', not '" + wanted.name +
                                             "': generate it with --name " + name);
  const apparmor::Places places = apparmor::host_places();
  if (places.parser.empty()) return parsed ? ok() : Status(parsed.error());
  SHIM_TRY(const std::string text, apparmor::text_for(places.parser, source));
  SHIM_CHECK(apparmor::validate(places.parser, text));
  return apparmor::kernel_has_apparmor(places) ? apparmor::prepare(places, wanted) : ok();
}

Status check_staged(const std::string& staged, const std::string& name) {
  SHIM_TRY(const auto all, check_config(staged, name));
  for (const Checked& one : all)
    if (!one.problem.empty()) return make_error(ErrorKind::policy, one.problem);
  return check_apparmor(staged, name);
}

// By one rename: at no time is there no profile of that name, or half a one.
Status put_into_force(const std::string& staged, const std::string& config_dir, const std::string& name) {
  const std::string from = profiles_of(staged) + "/" + name;
  const std::string to = profiles_of(config_dir) + "/" + name;
  if (!file_exists(to)) return rename_path(from, to);
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) != 0)
    return errno_error("exchange", to);
  const std::string previous = previous_of(config_dir, name);
  SHIM_CHECK(remove_all(previous));
  return rename_path(from, previous);
}

Status check_name(const std::string& name) {
  if (policy::is_profile_name(name)) return ok();
  return make_error(ErrorKind::usage, "'" + printable(name) + "' is no profile's name; give one by --name");
}

// What is wrong with a configuration.
Result<std::set<std::string>> problems_of(const std::string& config_dir) {
  SHIM_TRY(const auto all, check_config(config_dir, std::nullopt));
  std::set<std::string> problems;
  for (const Checked& one : all)
    if (!one.problem.empty()) problems.insert(one.what + ": " + one.problem);
  return problems;
}

// Whether something names it, or extends it, tried out on a copy.
Status check_without(const std::string& config_dir, const std::string& name) {
  SHIM_TRY(const Staging staging, Staging::make(config_dir));
  SHIM_TRY(const auto before, problems_of(staging.path()));
  SHIM_CHECK(remove_all(profiles_of(staging.path()) + "/" + name));
  SHIM_TRY(const auto after, problems_of(staging.path()));
  for (const std::string& problem : after)
    if (!before.contains(problem))
      return make_error(ErrorKind::policy,
                        std::string("profile '").append(name).append("' is in use: without it, ").append(problem));
  return ok();
}

}  // namespace

Status install_profile(const std::string& config_dir, const std::string& source, const std::string& name) {
  SHIM_CHECK(check_name(name));
  SHIM_TRY(const Staging staging, Staging::make(config_dir));
  SHIM_CHECK(copy_files(source, profiles_of(staging.path()) + "/" + name));
  SHIM_CHECK(check_staged(staging.path(), name));
  return put_into_force(staging.path(), config_dir, name);
}

Status remove_profile(const std::string& config_dir, const std::string& name) {
  SHIM_CHECK(check_name(name));
  const std::string folder = profiles_of(config_dir) + "/" + name;
  if (!file_exists(folder + "/" + std::string(profiles::kSettingsFile)))
    return make_error(ErrorKind::policy, "there is no installed profile '" + name + "'");
  SHIM_CHECK(check_without(config_dir, name));
  const std::string previous = previous_of(config_dir, name);
  SHIM_CHECK(remove_all(previous));
  return rename_path(folder, previous);
}

Result<int> run_profile_install(const Given& given) {
  if (given.arguments().empty()) return make_error(ErrorKind::usage, "the profile's folder is missing");
  std::string source = given.arguments()[0];
  while (source.size() > 1 && source.ends_with('/')) source.pop_back();
  const std::string name = given.value("name").value_or(file_name(source));
  const std::string folder = config_dir(given);
  SHIM_CHECK(install_profile(folder, source, name));
  print("profile '" + name + "' is in force: " + profiles_of(folder) + "/" + name + "\n");
  if (file_exists(previous_of(folder, name))) print("the one before is kept: " + previous_of(folder, name) + "\n");
  return kExitOk;
}

Result<int> run_profile_remove(const Given& given) {
  if (given.arguments().empty()) return make_error(ErrorKind::usage, "the profile's name is missing");
  const std::string& name = given.arguments()[0];
  SHIM_CHECK(remove_profile(config_dir(given), name));
  print("profile '" + name + "' is no longer in force; it is kept: " + previous_of(config_dir(given), name) + "\n");
  return kExitOk;
}

Result<int> run_profile_list(const Given& given) {
  const std::string folder = config_dir(given);
  SHIM_TRY(const auto names, policy::list_profiles(folder));
  Table table;
  table.header = {"profile", "", "recordings", ""};
  for (const std::string& name : names) {
    const std::string place = profiles_of(folder) + "/" + name + "/";
    const bool is_installed = file_exists(place + std::string(profiles::kSettingsFile));
    const std::string recordings = place + std::string(profiles::kRecordingsFile);
    const auto kept = file_exists(recordings) ? read_recordings({recordings}) : Result(profiles::Collection());
    table.rows.push_back({name, is_installed ? "installed" : "shipped",
                          !kept           ? "unreadable"
                          : kept->empty() ? ""
                                          : std::to_string(kept->size()),
                          file_exists(previous_of(folder, name)) ? "the one before is kept" : ""});
  }
  print(render(table));
  return kExitOk;
}

}  // namespace runward::ctl

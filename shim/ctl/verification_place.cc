// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/verification_place.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <utility>
#include <variant>

#include "apparmor/load.h"
#include "apparmor/render.h"
#include "runward_build_info.h"
#include "shim/base/file.h"
#include "shim/base/number.h"
#include "shim/ctl/docker_run.h"
#include "shim/ctl/doctor/spawn.h"
#include "shim/ctl/profile_folder.h"
#include "shim/ctl/table.h"
#include "shim/host/running.h"
#include "shim/policy/read_values.h"
#include "shim/state/decisions.h"

namespace runward::ctl {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kOnlyRoot = 0700;
constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;

Status make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return ok();
  return errno_error("make folder", path);
}

// Takes away what a verification put down. Its container has ended.
void remove_place(const Grant& grant) {
  if (!grant.apparmor.empty()) static_cast<void>(apparmor::unload(apparmor::host_places(), grant.apparmor));
  std::error_code error;
  fs::remove_all(grant.folder, error);
}

// Without its AppArmor profile it would run unconfined.
bool still_runs(const Grant& grant) {
  const auto id = id_in(grant.id_file);
  return id && first_process(*id);
}

// Of those that were killed together with their guards.
void sweep() {
  std::error_code error;
  for (fs::directory_iterator entry(verifications_folder(), error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string folder = entry->path().native();
    const std::string path = folder + "/" + kGrantFile;
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) continue;
    const auto text = read_all(fd, kMaxBytes, path);
    const auto grant = text ? parse_grant(*text, folder) : Result<Grant>(text.error());
    if (grant && !still_runs(*grant)) remove_place(*grant);
  }
}

// What the profile's folder has, or a profile that says the same as the shipped one.
Status copy_profile(const TriedProfile& profile, const UniqueFd& folder) {
  if (profile.folder.empty())
    return replace_file(folder, std::string(profiles::kSettingsFile),
                        R"({ "extends": ")" + profile.loaded.name + "\" }\n", 0600);
  for (const std::string_view file : {profiles::kSettingsFile, profiles::kSeccompFile}) {
    const std::string path = profile.folder + "/" + std::string(file);
    if (!file_exists(path)) continue;
    SHIM_TRY(const std::string text, read_file(path, kMaxBytes));
    SHIM_CHECK(replace_file(folder, std::string(file), text, 0600));
  }
  return ok();
}

Status load_variant(const apparmor::Profile& profile, const std::string& name) {
  SHIM_TRY(std::string text, apparmor::render(complaining(profile, name), apparmor::Abi::v4_0));
  const auto loaded = apparmor::ensure_loaded(apparmor::host_places(), {.name = name, .source = std::move(text)});
  return loaded ? ok() : Status(loaded.error());
}

void rename_peer(std::optional<apparmor::Pattern>& peer, const std::string& from, const std::string& to) {
  if (!peer) return;
  const std::string own = apparmor::escape(from);
  const std::string& text = peer->text();
  if (text != own && !text.starts_with(own + "//")) return;
  if (auto renamed = apparmor::Pattern::glob(apparmor::escape(to) + text.substr(own.size())))
    peer = *std::move(renamed);
}

// Only what may be relied on in a process that was forked from one with one thread.
[[noreturn]] void stand_guard(const Grant& grant, std::vector<std::string> docker, const UniqueFd& life) {
  ::setsid();
  sigset_t all{};
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2}) ::dup2(nowhere, fd);
  constexpr int kLife = 3;
  ::dup2(life.get(), kLife);
  // The grant's lock among them: it is void when the one who holds it has ended.
  close_from(kLife + 1);
  std::array<char, 1> nothing{};
  while (::read(kLife, nothing.data(), nothing.size()) < 0 && errno == EINTR) {
  }
  constexpr std::chrono::seconds kPatience(60);
  // Also one that is about to start.
  if (const auto id = id_in(grant.id_file)) {
    docker.insert(docker.end(), {"stop", *id});
    static_cast<void>(doctor::run_program(docker, kPatience));
  }
  if (!still_runs(grant)) remove_place(grant);
  ::_exit(0);
}

}  // namespace

std::optional<pid_t> first_process(const std::string& container) {
  for (const state::Decision& decision : state::Decisions(build_info::kStateDir).list())
    if (decision.container == container)
      return host::first_process_of(decision.pid_file, decision.runtime_root, container);
  return std::nullopt;
}

apparmor::Profile complaining(const apparmor::Profile& profile, const std::string& name) {
  apparmor::Profile variant{.name = name, .flags = profile.flags, .rules = {}};
  variant.flags.erase("enforce");
  variant.flags.insert("complain");
  for (apparmor::Rule rule : profile.rules) {
    rule.audit = rule.audit && !rule.deny;
    if (auto* const signal = std::get_if<apparmor::SignalRule>(&rule.body))
      rename_peer(signal->peer, profile.name, name);
    if (auto* const trace = std::get_if<apparmor::PtraceRule>(&rule.body)) rename_peer(trace->peer, profile.name, name);
    if (auto* const socket = std::get_if<apparmor::UnixRule>(&rule.body)) rename_peer(socket->peer, profile.name, name);
    variant.add(std::move(rule));
  }
  return variant;
}

Result<TriedProfile> find_tried_profile(const std::string& config_dir, const std::string& place) {
  TriedProfile tried;
  SHIM_TRY(tried.loaded, load_profile_folder(config_dir, place));
  const std::string settings = "/" + std::string(profiles::kSettingsFile);
  const std::string installed = config_dir + "/profiles/" + place;
  const bool is_installed = policy::is_profile_name(place) && file_exists(installed + settings);
  if (is_installed)
    tried.folder = installed;
  else if (file_exists(place + settings))
    tried.folder = place;
  return tried;
}

Result<VerificationPlace> VerificationPlace::make(const TriedProfile& profile) {
  SHIM_CHECK(make_folder(build_info::kStateDir, 0711));
  SHIM_CHECK(make_folder(verifications_folder(), kOnlyRoot));
  sweep();
  std::string folder = verifications_folder() + "/XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return errno_error("make folder", folder);
  VerificationPlace place(
      {.folder = folder, .profile = profile.loaded.name, .id_file = folder + "/id", .apparmor = {}});
  SHIM_CHECK(place.fill(profile));
  return place;
}

VerificationPlace::VerificationPlace(VerificationPlace&& other) noexcept
    : grant_(std::exchange(other.grant_, {})),
      lock_(std::move(other.lock_)),
      life_(std::move(other.life_)),
      guard_(std::exchange(other.guard_, -1)) {}

// The grant comes before the AppArmor profile, so that the next call finds both should this one be killed. It is no use
// to any container until Docker has written an id.
Status VerificationPlace::fill(const TriedProfile& profile) {
  SHIM_TRY(const UniqueFd folder, open_directory(grant_.folder));
  SHIM_CHECK(make_folder(grant_.folder + "/" + kSessionsFolder, kOnlyRoot));
  SHIM_CHECK(copy_profile(profile, folder));
  const bool has_variant = apparmor::kernel_has_apparmor(apparmor::host_places()) && profile.loaded.apparmor;
  if (has_variant) grant_.apparmor = std::string(kTrialLabels) + grant_.folder.substr(grant_.folder.rfind('/') + 1);
  const std::string path = grant_.folder + "/" + kGrantFile;
  lock_ = UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!lock_ || ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) return errno_error("lock", path);
  SHIM_CHECK(write_all(lock_.get(), print_grant(grant_), path));
  return has_variant ? load_variant(*profile.loaded.apparmor, grant_.apparmor) : ok();
}

Status VerificationPlace::guard(std::vector<std::string> docker) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("make", "pipe");
  const UniqueFd theirs(ends[0]);
  life_ = UniqueFd(ends[1]);
  guard_ = ::fork();
  if (guard_ < 0) return errno_error("start", "guard");
  if (guard_ == 0) stand_guard(grant_, std::move(docker), theirs);
  return ok();
}

void VerificationPlace::end() {
  if (grant_.folder.empty()) return;
  lock_ = UniqueFd();
  life_ = UniqueFd();
  if (guard_ > 0) {
    while (::waitpid(guard_, nullptr, 0) < 0 && errno == EINTR) {
    }
  } else {
    remove_place(grant_);
  }
  grant_ = {};
}

std::optional<std::string> VerificationPlace::container() const { return id_in(grant_.id_file); }

std::set<std::uint32_t> VerificationPlace::sessions() const {
  std::set<std::uint32_t> all;
  std::error_code error;
  for (fs::directory_iterator entry(grant_.folder + "/" + kSessionsFolder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (const auto number = parse_number<std::uint32_t>(entry->path().filename().native())) all.insert(*number);
  }
  return all;
}

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#include "shim/audited_recording.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>

#include "runward_build_info.h"
#include "shim/audit_session.h"
#include "shim/base/file.h"
#include "shim/recorder_files.h"

namespace runward {
namespace {

constexpr auto kWhy = "why";
constexpr std::string_view kContainer = "container";
constexpr std::string_view kExec = "exec";
constexpr std::size_t kMaxBytes = 4096;

std::string folder() { return std::string(build_info::kStateDir) + "/audited"; }
std::string folder_of(const std::string& container_id) { return folder() + "/" + container_id; }

Status make_folders(const std::string& container_id) {
  constexpr mode_t kMayPass = 0711;
  constexpr mode_t kOnlyRoot = 0700;
  ::mkdir(build_info::kStateDir, kMayPass);
  for (const std::string& path : {folder(), folder_of(container_id)})
    if (::mkdir(path.c_str(), kOnlyRoot) != 0 && errno != EEXIST) return errno_error("make folder", path);
  return ok();
}

Status write_new(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return errno_error("make", path);
  return write_all(fd.get(), text, path);
}

Status begin_session(const std::string& container_id, std::string_view kind) {
  const auto session = begin_audit_session();
  if (!session)
    return make_error(ErrorKind::unsupported,
                      "its calls were to be recorded by the kernel's audit, and this host gives no process an audit "
                      "session of its own, by which they are known (are login ids immutable? auditctl -s)");
  return write_new(folder_of(container_id) + "/" + std::to_string(*session), kind);
}

// While its recorder works.
bool is_being_recorded(const std::string& container_id) {
  const UniqueFd file(::open(recorder_file(container_id).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return file && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0;
}

bool is_old(const std::string& path) {
  constexpr std::time_t kOld = 600;
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && std::time(nullptr) - status.st_mtim.tv_sec > kOld;
}

}  // namespace

Status begin_audited_recording(const std::string& container_id, const std::string& why) {
  forget_audited_recording(container_id);
  SHIM_CHECK(make_folders(container_id));
  SHIM_CHECK(write_new(folder_of(container_id) + "/" + kWhy, why.substr(0, kMaxBytes)));
  return begin_session(container_id, kContainer);
}

Status join_audited_recording(const std::string& container_id) {
  return why_audited(container_id) && is_being_recorded(container_id) ? begin_session(container_id, kExec) : ok();
}

std::optional<std::string> why_audited(const std::string& container_id) {
  auto why = read_file(folder_of(container_id) + "/" + kWhy, kMaxBytes);
  return why ? std::optional(*std::move(why)) : std::nullopt;
}

AuditSession audit_session_of(const std::string& container_id, std::uint32_t number) {
  const auto kind = read_file(folder_of(container_id) + "/" + std::to_string(number), kMaxBytes);
  if (!kind) return AuditSession::others;
  return *kind == kExec ? AuditSession::execs : AuditSession::containers;
}

void forget_audited_recording(const std::string& container_id) {
  std::error_code error;
  std::filesystem::remove_all(folder_of(container_id), error);
}

void sweep_audited_recordings(const std::set<std::string>& living) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder(), error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string id = entry->path().filename();
    if (is_old(entry->path()) && !living.contains(id) && !is_being_recorded(id)) forget_audited_recording(id);
  }
}

}  // namespace runward

// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/daemon_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "shim/base/file.h"

namespace runward::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;
constexpr mode_t kEverybodyReads = 0644;

bool is_missing(const Error& error) { return error.code == std::errc::no_such_file_or_directory; }

Status write_beside(const std::string& path, std::string_view text, mode_t mode) {
  SHIM_TRY(const UniqueFd directory, open_directory(fs::path(path).parent_path()));
  return replace_file(directory, fs::path(path).filename(), text, mode);
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("remove", path);
  return ok();
}

}  // namespace

Result<DaemonFile> DaemonFile::open(const std::string& path) {
  DaemonFile file;
  std::error_code error;
  file.path_ = fs::absolute(path, error).lexically_normal();
  if (fs::is_symlink(file.path_, error)) {
    const fs::path target = fs::canonical(file.path_, error);
    if (error) return make_error(ErrorKind::io, "'" + file.path_ + "' is a link that leads nowhere");
    file.path_ = target;
  }
  const auto fd = open_regular(AT_FDCWD, file.path_);
  if (!fd && is_missing(fd.error())) return file;
  if (!fd) return fd.error();
  SHIM_TRY(file.text_, read_all(*fd, kMaxBytes, file.path_));
  file.exists_ = true;
  return file;
}

Status DaemonFile::write(std::string_view text) const {
  std::error_code error;
  fs::create_directories(fs::path(path_).parent_path(), error);
  if (error) return errno_error("create the folder of", path_, error.value());
  return write_beside(path_, text, kEverybodyReads);
}

Status DaemonFile::remove() const { return remove_file(path_); }

Status DaemonFile::back_up() const {
  if (!exists_) return remove_backup();
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return errno_error("stat", path_);
  return write_beside(backup_path(), text_, status.st_mode & 07777U);
}

Result<std::optional<std::string>> DaemonFile::backup() const {
  auto text = read_file(backup_path(), kMaxBytes);
  if (!text && is_missing(text.error())) return std::optional<std::string>{};
  if (!text) return std::move(text).error();
  return std::optional<std::string>(*std::move(text));
}

Status DaemonFile::remove_backup() const { return remove_file(backup_path()); }

}  // namespace runward::ctl

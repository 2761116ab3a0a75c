// SPDX-License-Identifier: Apache-2.0
#include "shim/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace runward {
namespace {

constexpr mode_t kGroupOrOtherMayWrite = S_IWGRP | S_IWOTH;

Status check_root_owned(const struct stat& status, const std::string& path) {
  if (status.st_uid == 0 && (status.st_mode & kGroupOrOtherMayWrite) == 0) return ok();
  return make_error(ErrorKind::policy, "'" + path + "' can be written by others than root (owner " +
                                           std::to_string(status.st_uid) + "): chown root and chmod go-w it");
}

std::string temporary_name(const std::string& name) { return "." + name + ".runward-" + std::to_string(::getpid()); }

// An unlinked-on-failure temporary file: what was half written never stays behind.
class TemporaryFile {
 public:
  TemporaryFile(int directory, std::string name) : directory_(directory), name_(std::move(name)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!kept_) ::unlinkat(directory_, name_.c_str(), 0);
  }
  Status rename_to(const std::string& target) {
    if (::renameat(directory_, name_.c_str(), directory_, target.c_str()) != 0) return errno_error("rename", target);
    kept_ = true;
    return ok();
  }

 private:
  int directory_;
  std::string name_;
  bool kept_ = false;
};

}  // namespace

Result<UniqueFd> open_directory(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error("open", path);
  return fd;
}

Result<UniqueFd> open_regular(int directory, const std::string& path) {
  UniqueFd fd(::openat(directory, path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!fd) return errno_error("open", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error("stat", path);
  if (!S_ISREG(status.st_mode)) return make_error(ErrorKind::io, "'" + path + "' is no regular file");
  return fd;
}

Result<std::string> read_all(const UniqueFd& fd, std::size_t max_bytes, std::string_view name) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error("stat", name);
  const auto too_large = [&] {
    return make_error(ErrorKind::io,
                      "'" + std::string(name) + "' is larger than " + std::to_string(max_bytes) + " bytes");
  };
  const bool size_is_known = S_ISREG(status.st_mode) && status.st_size > 0;
  if (size_is_known && static_cast<std::size_t>(status.st_size) > max_bytes) return too_large();
  // One byte more, so that the end of a file that has not grown is found without another buffer.
  constexpr std::size_t kUnknownSize = 4096;
  std::string text(size_is_known ? static_cast<std::size_t>(status.st_size) + 1 : kUnknownSize, '\0');
  for (std::size_t filled = 0;;) {
    const ssize_t got = ::read(fd.get(), text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read", name);
    filled += static_cast<std::size_t>(got);
    if (filled > max_bytes) return too_large();
    if (got == 0) {
      text.resize(filled);
      return text;
    }
    if (filled == text.size()) text.resize(text.size() * 2);
  }
}

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  SHIM_TRY(const UniqueFd fd, open_regular(AT_FDCWD, path));
  return read_all(fd, max_bytes, path);
}

Status check_only_root_writes(const UniqueFd& fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error("stat", path);
  SHIM_CHECK(check_root_owned(status, path));
  std::filesystem::path directory(path);
  if (!directory.is_absolute()) return ok();
  do {
    directory = directory.parent_path();
    if (::stat(directory.c_str(), &status) != 0) return errno_error("stat", directory.native());
    SHIM_CHECK(check_root_owned(status, directory.native()));
  } while (directory != directory.root_path());
  return ok();
}

Status write_all(int fd, std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno_error("write", name);
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return ok();
}

Status append_line(const std::string& path, std::string_view line) {
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  constexpr mode_t kFileMode = 0640;
  constexpr mode_t kFolderMode = 0750;
  UniqueFd fd(::open(path.c_str(), kFlags, kFileMode));
  if (!fd && errno == ENOENT) {
    ::mkdir(std::filesystem::path(path).parent_path().c_str(), kFolderMode);
    fd = UniqueFd(::open(path.c_str(), kFlags, kFileMode));
  }
  if (!fd) return errno_error("open", path);
  const ssize_t put = ::write(fd.get(), line.data(), line.size());
  if (put < 0) return errno_error("write", path);
  if (static_cast<std::size_t>(put) != line.size())
    return make_error(ErrorKind::io, "write '" + path + "': only a part of the line fitted");
  return ok();
}

Status replace_file(const UniqueFd& directory, const std::string& name, std::string_view text, mode_t mode,
                    Lasting lasting) {
  const std::string temporary = temporary_name(name);
  const auto create = [&] {
    return UniqueFd(
        ::openat(directory.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  };
  UniqueFd fd = create();
  if (!fd && errno == EEXIST) {
    // A crash of an earlier process with our pid left it; the directory is the engine's or root's own.
    ::unlinkat(directory.get(), temporary.c_str(), 0);
    fd = create();
  }
  if (!fd) return errno_error("create", temporary);
  TemporaryFile guard(directory.get(), temporary);
  struct stat old {};
  if (::fstatat(directory.get(), name.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(old.st_mode)) {
    mode = old.st_mode & 07777;
    if (::fchown(fd.get(), old.st_uid, old.st_gid) != 0) return errno_error("chown", temporary);
  }
  SHIM_CHECK(write_all(fd.get(), text, temporary));
  if (::fchmod(fd.get(), mode) != 0) return errno_error("chmod", temporary);
  if (lasting == Lasting::across_crashes && ::fsync(fd.get()) != 0) return errno_error("fsync", temporary);
  return guard.rename_to(name);
}

Status keep_as(const UniqueFd& directory, const std::string& name, const std::string& second, std::string_view text) {
  constexpr mode_t kOnlyRoot = 0600;
  const auto link = [&] { return ::linkat(directory.get(), name.c_str(), directory.get(), second.c_str(), 0) == 0; };
  if (link()) return ok();
  if (errno == EEXIST && ::unlinkat(directory.get(), second.c_str(), 0) == 0 && link()) return ok();
  return replace_file(directory, second, text, kOnlyRoot);
}

Status set_aside(const UniqueFd& directory, const std::string& name) {
  constexpr int kMost = 99;
  const std::size_t dot = std::min(name.rfind('.'), name.size());
  for (int number = 1; number <= kMost; ++number) {
    const std::string aside = name.substr(0, dot) + "~" + std::to_string(number) + name.substr(dot);
    if (::syscall(SYS_renameat2, directory.get(), name.c_str(), directory.get(), aside.c_str(), RENAME_NOREPLACE) == 0)
      return ok();
    if (errno == ENOENT) return ok();
    if (errno != EEXIST) return errno_error("keep as '" + aside + "'", name);
  }
  return ok();
}

}  // namespace runward

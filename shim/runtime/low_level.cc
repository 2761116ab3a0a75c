// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/low_level.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "shim/base/unique_fd.h"

namespace runward::runtime {
namespace {

constexpr mode_t kAnyoneMayExecute = S_IXUSR | S_IXGRP | S_IXOTH;

enum class Fitness : std::uint8_t { usable, missing, not_executable, ourselves };

constexpr std::string_view kOurName = "runward";

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

// Two installed copies of us, each behind a link called `runc`, would otherwise take each other for the real one.
bool is_called_like_us(const UniqueFd& fd) {
  std::array<char, PATH_MAX> buffer{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd.get());
  const ssize_t length = ::readlink(link.c_str(), buffer.data(), buffer.size());
  if (length <= 0) return false;
  const std::string_view path(buffer.data(), static_cast<std::size_t>(length));
  return path.substr(path.rfind('/') + 1) == kOurName;
}

// `ourselves`: nullptr where it does not matter who it is.
Fitness inspect(const std::string& path, const struct stat* ourselves) {
  const UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return Fitness::missing;
  if (!S_ISREG(status.st_mode) || (status.st_mode & kAnyoneMayExecute) == 0) return Fitness::not_executable;
  if (ourselves == nullptr) return Fitness::usable;
  return same_file(status, *ourselves) || is_called_like_us(fd) ? Fitness::ourselves : Fitness::usable;
}

// Absolute directories in order, each once: a relative one would depend on where the engine happens to stand.
std::vector<std::string_view> search_directories(std::string_view path_env) {
  std::vector<std::string_view> directories;
  for (std::string_view rest : {path_env, kUsualDirectories}) {
    while (!rest.empty()) {
      const std::string_view directory = rest.substr(0, rest.find(':'));
      rest.remove_prefix(std::min(directory.size() + 1, rest.size()));
      const bool known = std::ranges::find(directories, directory) != directories.end();
      if (directory.starts_with('/') && !known) directories.push_back(directory);
    }
  }
  return directories;
}

Error unusable(const std::string& subject, std::string_view why) {
  return make_error(ErrorKind::io, "'" + subject + "' " + std::string(why));
}

// What lockdown set aside where we stand now. That may be a link to another place which is locked too: Debian's
// /usr/bin/runc leads to /usr/sbin/runc.
std::optional<LowLevel> find_set_aside(std::string path, const struct stat* ourselves) {
  constexpr int kMostLinks = 8;
  for (int link = 0; link < kMostLinks; ++link) {
    const std::filesystem::path aside = path + std::string(kSetAsideSuffix);
    const Fitness fitness = inspect(aside, ourselves);
    if (fitness == Fitness::usable) return LowLevel{aside};
    std::error_code error;
    const std::filesystem::path target = std::filesystem::read_symlink(aside, error);
    if (fitness != Fitness::ourselves || error) return std::nullopt;
    path = (aside.parent_path() / target).lexically_normal();
  }
  return std::nullopt;
}

Result<LowLevel> check_path(const std::string& path, const struct stat* ourselves) {
  switch (inspect(path, ourselves)) {
    case Fitness::usable:
      return LowLevel{path};
    case Fitness::missing:
      return unusable(path, "not found");
    case Fitness::not_executable:
      return unusable(path, "is no executable file");
    case Fitness::ourselves:
      // An administrator may have named runc's path before runward was put there.
      if (auto aside = find_set_aside(path, ourselves)) return *std::move(aside);
      return unusable(path, "is runward itself");
  }
  return unusable(path, "could not be checked");
}

Result<LowLevel> find_by_name(const std::string& name, std::string_view path_env, const struct stat* ourselves) {
  std::string searched;
  bool met_ourselves = false;
  for (const std::string_view directory : search_directories(path_env)) {
    std::string path = std::string(directory) + "/" + name;
    const Fitness fitness = inspect(path, ourselves);
    if (fitness == Fitness::usable) return LowLevel{std::move(path)};
    if (fitness == Fitness::ourselves) {
      met_ourselves = true;
      if (auto aside = find_set_aside(path, ourselves)) return *std::move(aside);
    }
    searched.append(searched.empty() ? "" : ":").append(directory);
  }
  return unusable(name, "not found in '" + searched + "'" + (met_ourselves ? ", only runward itself" : ""));
}

Result<LowLevel> find_executable(const std::string& wanted, std::string_view path_env, const struct stat* ourselves) {
  if (wanted.starts_with('/')) return check_path(wanted, ourselves);
  if (wanted.find('/') != std::string::npos)
    return make_error(ErrorKind::policy, "'" + wanted + "': give a name or an absolute path");
  return find_by_name(wanted, path_env, ourselves);
}

}  // namespace

Result<LowLevel> find_low_level(const std::string& configured, const std::string& path_env,
                                const std::string& own_path) {
  if (configured.empty()) return make_error(ErrorKind::policy, "the name of the low-level runtime is empty");
  struct stat ourselves {};
  if (::stat(own_path.c_str(), &ourselves) != 0) return errno_error("stat", own_path);
  auto found = find_executable(configured, path_env, &ourselves);
  if (found) return found;
  Error error = std::move(found).error();
  error.message.insert(0, "low-level runtime ");
  return error;
}

Result<std::string> find_program(const std::string& wanted, const std::string& path_env) {
  SHIM_TRY(LowLevel found, find_executable(wanted, path_env, nullptr));
  return std::move(found.path);
}

Error exec_low_level(const LowLevel& low_level, std::span<const std::string> argv) {
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (const std::string& argument : argv)
    arguments.push_back(const_cast<char*>(argument.c_str()));  // NOLINT: execve(2) does not write to them
  if (arguments.empty()) arguments.push_back(nullptr);
  arguments.front() = const_cast<char*>(low_level.path.c_str());  // NOLINT: as above
  arguments.push_back(nullptr);
  ::execve(low_level.path.c_str(), arguments.data(), environ);
  return errno_error("execute", low_level.path);
}

}  // namespace runward::runtime

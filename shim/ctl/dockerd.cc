// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/dockerd.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "shim/base/file.h"
#include "shim/base/number.h"
#include "shim/runtime/capture.h"
#include "shim/runtime/low_level.h"

namespace runward::ctl {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;

std::optional<pid_t> read_pid(const std::string& pid_file) {
  const auto text = read_file(pid_file, kMaxBytes);
  if (!text) return std::nullopt;
  const auto pid = parse_number<pid_t>(text->substr(0, text->find_first_of(" \n")));
  return pid && *pid > 1 ? pid : std::nullopt;
}

Result<std::string> find_dockerd() {
  const char* const path = std::getenv("PATH");
  return runtime::find_program("dockerd", path == nullptr ? "" : path);
}

}  // namespace

std::optional<std::string> Daemon::option(std::string_view name) const {
  const std::string flag = "--" + std::string(name);
  for (std::size_t i = 0; i < command_line.size(); ++i) {
    if (command_line[i].starts_with(flag + "=")) return command_line[i].substr(flag.size() + 1);
    if (command_line[i] == flag && i + 1 < command_line.size()) return command_line[i + 1];
  }
  return std::nullopt;
}

std::optional<Daemon> daemon_of(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const auto name = read_file(folder + "/comm", kMaxBytes);
  const auto line = read_file(folder + "/cmdline", kMaxBytes);
  if (!name || !line || *name != "dockerd\n") return std::nullopt;
  Daemon daemon{.pid = pid, .command_line = {}};
  for (std::size_t at = 0; at < line->size();) {
    const std::size_t end = std::min(line->find('\0', at), line->size());
    daemon.command_line.push_back(line->substr(at, end - at));
    at = end + 1;
  }
  return daemon;
}

std::optional<Daemon> find_daemon(const std::string& pid_file) {
  const auto pid = read_pid(pid_file);
  return pid ? daemon_of(*pid) : std::nullopt;
}

Status check_flags(const Daemon& daemon, bool sets_default_runtime) {
  const auto conflict = [&](const std::string& flag) {
    return make_error(ErrorKind::unsupported, "dockerd (pid " + std::to_string(daemon.pid) + ") was started with --" +
                                                  flag +
                                                  " and would not start with the same in daemon.json: "
                                                  "take it out of its command line first");
  };
  if (daemon.option("add-runtime")) return conflict("add-runtime");
  if (sets_default_runtime && daemon.option("default-runtime")) return conflict("default-runtime");
  return ok();
}

bool reads(const Daemon& daemon, const std::string& daemon_json) {
  const std::string path = daemon.option("config-file").value_or("/etc/docker/daemon.json");
  struct stat its {};
  struct stat ours {};
  if (::stat(path.c_str(), &its) != 0 || ::stat(daemon_json.c_str(), &ours) != 0) return path == daemon_json;
  return its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
}

Status reload(const Daemon& daemon, const std::string& daemon_json) {
  constexpr int kPatienceMs = 10'000;
  const std::string name = "dockerd, pid " + std::to_string(daemon.pid);
  // Through a pidfd, looked at again: the pid may have become another process's meanwhile.
  const UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, daemon.pid, 0)));
  if (!fd) return errno_error("find", name);
  if (!daemon_of(daemon.pid)) return make_error(ErrorKind::io, name + " has ended");
  const UniqueFd watch(::inotify_init1(IN_CLOEXEC));
  if (!watch || ::inotify_add_watch(watch.get(), daemon_json.c_str(), IN_CLOSE_NOWRITE) < 0)
    return errno_error("watch", daemon_json);
  if (::syscall(SYS_pidfd_send_signal, fd.get(), SIGHUP, nullptr, 0) != 0) return errno_error("signal", name);
  pollfd read_by_it{.fd = watch.get(), .events = POLLIN, .revents = 0};
  if (::poll(&read_by_it, 1, kPatienceMs) == 1) return ok();
  return make_error(ErrorKind::io, name + " did not read '" + daemon_json + "' after SIGHUP");
}

Result<bool> validate(std::string_view daemon_json) {
  const auto dockerd = find_dockerd();
  if (!dockerd) return false;
  SHIM_TRY(const runtime::Captured help, runtime::run_and_capture(*dockerd, {"--help"}));
  if (help.output.find("--validate") == std::string::npos) return false;
  const UniqueFd fd(::memfd_create("daemon.json", MFD_CLOEXEC));
  if (!fd) return errno_error("memfd_create", "daemon.json");
  SHIM_CHECK(write_all(fd.get(), daemon_json, "daemon.json"));
  const std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd.get());
  SHIM_TRY(const runtime::Captured said, runtime::run_and_capture(*dockerd, {"--validate", "--config-file", path}));
  if (said.exit_code == 0) return true;
  return make_error(ErrorKind::parse, "`dockerd --validate` refuses the result; nothing was changed");
}

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/doctor/docker.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "shim/base/file.h"
#include "shim/ctl/doctor/spawn.h"

namespace runward::ctl::doctor {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;
constexpr std::string_view kUnix = "unix://";
constexpr auto kUsualHost = "unix:///var/run/docker.sock";
constexpr auto kPatience = 30s;

// Who listens at a socket: the process that called listen(2), which below systemd's sockets is systemd.
std::optional<pid_t> listener_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return std::nullopt;
  std::ranges::copy(path, static_cast<char*>(address.sun_path));
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // connect(2) wants the general type.
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)  // NOLINT
    return std::nullopt;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.pid;
}

std::optional<Daemon> find_process(const std::string& socket) {
  if (const auto pid = listener_of(socket))
    if (auto daemon = daemon_of(*pid)) return daemon;
  return find_daemon("/var/run/docker.pid");
}

// "0::/system.slice/docker.service", or a line for each hierarchy of version 1.
std::string unit_of(pid_t pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/cgroup", kMaxBytes);
  if (!text) return "";
  const std::size_t end = text->find(".service");
  if (end == std::string::npos) return "";
  const std::size_t begin = text->rfind('/', end) + 1;
  return text->substr(begin, end - begin) + ".service";
}

Result<Registrations> ask(const Docker& docker) {
  SHIM_TRY(const Ran ran, run_program(docker_command(docker, {"info", "--format", "{{json .}}"}), kPatience));
  auto told = read_docker_info(ran.output);
  if (told) return told;
  const std::string error = ran.errors.substr(0, ran.errors.find('\n'));
  return error.empty() ? told : make_error(ErrorKind::io, error);
}

Registrations configured(const Docker& docker) {
  std::string path = "/etc/docker/daemon.json";
  if (docker.daemon) path = docker.daemon->option("config-file").value_or(path);
  const auto text = read_file(path, kMaxBytes);
  const auto found = read_daemon_json(text ? *text : "{}");
  return found ? *found : Registrations();
}

bool is_there(const Docker& docker) {
  return docker.daemon || ::access(docker.socket().c_str(), F_OK) == 0 || find_program("dockerd");
}

}  // namespace

std::string Docker::socket() const { return host.starts_with(kUnix) ? host.substr(kUnix.size()) : std::string(); }

std::string Docker::data_root() const {
  if (!registrations.data_root.empty()) return registrations.data_root;
  return daemon ? daemon->option("data-root").value_or("/var/lib/docker") : "/var/lib/docker";
}

std::string Docker::path_variable() const {
  constexpr std::string_view kName = "PATH=";
  const char* const own = std::getenv("PATH");
  std::string path = own == nullptr ? "" : own;
  if (!daemon) return path;
  const auto environment = read_file("/proc/" + std::to_string(daemon->pid) + "/environ", kMaxBytes);
  if (!environment) return path;
  const std::string all = std::string(1, '\0') + *environment;
  const std::size_t at = all.find(std::string(1, '\0') + std::string(kName));
  if (at == std::string::npos) return "";
  const std::size_t begin = at + 1 + kName.size();
  return all.substr(begin, all.find('\0', begin) - begin);
}

std::optional<Docker> find_docker(const std::optional<std::string>& host) {
  const char* const variable = std::getenv("DOCKER_HOST");
  const bool is_named = host || (variable != nullptr && *variable != '\0');
  Docker docker;
  docker.host = host ? *host : is_named ? variable : kUsualHost;
  docker.daemon = find_process(docker.socket());
  if (!is_named && !is_there(docker)) return std::nullopt;
  if (docker.daemon) docker.unit = unit_of(docker.daemon->pid);
  auto told = ask(docker);
  if (!told) docker.problem = told.error().message;
  docker.registrations = told ? *std::move(told) : configured(docker);
  return docker;
}

std::vector<std::string> docker_command(const Docker& docker, const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {"docker", "--host", docker.host};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

}  // namespace runward::ctl::doctor

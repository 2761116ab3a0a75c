// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/docker_run.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "shim/base/file.h"
#include "shim/base/number.h"
#include "shim/ctl/doctor/spawn.h"
#include "shim/runtime/command_line.h"

namespace runward::ctl {
namespace {

bool is_flag(std::string_view argument, std::string_view name) {
  return argument == name || (argument.starts_with(name) && argument[name.size()] == '=');
}

// The flags of docker-run(1) that stand alone; behind any other comes its value, unless it has an `=`.
constexpr std::array<std::string_view, 14> kBareFlags = {"--detach",
                                                         "--disable-content-trust",
                                                         "--help",
                                                         "--init",
                                                         "--interactive",
                                                         "--no-healthcheck",
                                                         "--oom-kill-disable",
                                                         "--privileged",
                                                         "--publish-all",
                                                         "--quiet",
                                                         "--read-only",
                                                         "--rm",
                                                         "--sig-proxy",
                                                         "--tty"};
constexpr std::string_view kBareLetters = "diPqt";

// "-t", "-it"
bool asks_for_terminal(std::string_view flag) {
  if (flag.starts_with("--")) return flag == "--tty" || flag == "--tty=true";
  return flag.substr(0, flag.find_first_not_of(kBareLetters, 1)).find('t') != std::string_view::npos;
}

bool takes_next(std::string_view flag) {
  if (flag.starts_with("--"))
    return flag.find('=') == std::string_view::npos && std::ranges::find(kBareFlags, flag) == kBareFlags.end();
  // "-itv /a:/b", but "-v/a:/b": the first letter that takes a value has the rest.
  const std::size_t taker = flag.find_first_not_of(kBareLetters, 1);
  return taker != std::string_view::npos && taker + 1 == flag.size();
}

}  // namespace

std::optional<std::string> id_in(const std::string& id_file) {
  constexpr std::size_t kMaxId = 256;
  auto id = read_file(id_file, kMaxId);
  if (!id || !runtime::is_valid_container_id(*id)) return std::nullopt;
  return *std::move(id);
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  constexpr std::uint64_t kMost = 1'000'000;
  const auto number = take_number<std::uint64_t>(text);
  if (!number || *number == 0 || *number > kMost) return std::nullopt;
  if (text.empty() || text == "s") return std::chrono::seconds(*number);
  if (text == "m") return std::chrono::minutes(*number);
  if (text == "h") return std::chrono::hours(*number);
  return std::nullopt;
}

Result<RecordedCall> recorded_call(std::vector<std::string> argv, const std::string& runtime,
                                   const std::string& id_file) {
  const auto run = std::ranges::find(argv, "run");
  if (argv.empty() || run == argv.end() || run == argv.begin())
    return make_error(ErrorKind::usage, "after -- comes the call that starts the container: docker run …");
  RecordedCall call{.argv = {}, .id_file = id_file};
  // Up to the image: what comes behind it is the container's own.
  for (auto argument = run + 1; argument != argv.end() && argument->starts_with('-') && *argument != "--"; ++argument) {
    if (is_flag(*argument, "--runtime"))
      return make_error(ErrorKind::usage, "the call names a runtime, but recording needs its own ('" + runtime + "')");
    if (argument->starts_with("--cidfile=")) call.id_file = argument->substr(argument->find('=') + 1);
    if (*argument == "--cidfile" && argument + 1 != argv.end()) call.id_file = *(argument + 1);
    call.has_terminal = call.has_terminal || asks_for_terminal(*argument);
    if (takes_next(*argument) && argument + 1 != argv.end()) ++argument;
  }
  std::vector<std::string> ours = {"--runtime=" + runtime};
  if (call.id_file == id_file) ours.push_back("--cidfile=" + id_file);
  argv.insert(run + 1, ours.begin(), ours.end());
  call.argv = std::move(argv);
  return call;
}

Result<DockerCall> DockerCall::start(const std::vector<std::string>& argv) {
  SHIM_TRY(const std::string program, doctor::find_program(argv.at(0)));
  std::vector<char*> arguments;
  for (const std::string& argument : argv)
    arguments.push_back(const_cast<char*>(argument.c_str()));  // NOLINT: posix_spawn(3) does not write to them
  arguments.push_back(nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  // What Docker writes for us (--cidfile) is believed only where nobody else may write it.
  constexpr mode_t kOthersMayNotWrite = 022;
  ::umask(::umask(kOthersMayNotWrite) | kOthersMayNotWrite);
  DockerCall call;
  const int failure = ::posix_spawn(&call.pid_, program.c_str(), nullptr, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (failure != 0) return errno_error("execute", program, failure);
  return call;
}

std::optional<int> DockerCall::ended() {
  int status = 0;
  if (!code_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
    code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return code_;
}

}  // namespace runward::ctl

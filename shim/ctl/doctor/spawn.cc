// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/doctor/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "shim/runtime/low_level.h"

namespace runward::ctl::doctor {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxOutputBytes = std::size_t{4} << 20U;
constexpr std::array kEndSignals = {SIGINT, SIGTERM, SIGHUP};

// Without those that whoever started us had us ignore, as nohup(1) does.
sigset_t end_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : kEndSignals) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) ::sigaddset(&set, signal);
  }
  return set;
}

struct Pipe {
  UniqueFd read_end, write_end;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("pipe", "output");
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (::fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK) != 0) return errno_error("fcntl", "output");
  return pipe;
}

// posix_spawn(3)'s two lists; both must be destroyed.
class SpawnSetup {
 public:
  SpawnSetup() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  ~SpawnSetup() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  int prepare(const UniqueFd& output, const UniqueFd& errors) {
    sigset_t none;
    ::sigemptyset(&none);
    const std::array failures = {
        ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0),
        ::posix_spawn_file_actions_adddup2(&actions_, output.get(), STDOUT_FILENO),
        ::posix_spawn_file_actions_adddup2(&actions_, errors.get(), STDERR_FILENO),
        ::posix_spawnattr_setpgroup(&attributes_, 0),
        ::posix_spawnattr_setsigmask(&attributes_, &none),  // Interruption blocks some of ours
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK)};
    const auto* const failed = std::ranges::find_if(failures, [](int failure) { return failure != 0; });
    return failed == failures.end() ? 0 : *failed;
  }
  int spawn(pid_t& pid, const std::string& program, char* const* argv) {
    return ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv, environ);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// A child and its process group, killed and waited for when it has not ended before.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid), fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_;
  UniqueFd fd_;
};

// What is there now; false at the end. What is beyond the bound is read and forgotten, so that the program goes on.
bool drain(const UniqueFd& fd, std::string& text) {
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    text.append(buffer.data(), std::min(static_cast<std::size_t>(got), kMaxOutputBytes - text.size()));
  }
}

Result<pid_t> start(const std::string& program, const std::vector<std::string>& argv, const Pipe& output,
                    const Pipe& errors) {
  std::vector<char*> arguments;
  for (const std::string& argument : argv)
    arguments.push_back(const_cast<char*>(argument.c_str()));  // NOLINT: posix_spawn(3) does not write to them
  arguments.push_back(nullptr);
  SpawnSetup setup;
  pid_t pid = -1;
  int failure = setup.prepare(output.write_end, errors.write_end);
  if (failure == 0) failure = setup.spawn(pid, program, arguments.data());
  if (failure != 0) return errno_error("execute", program, failure);
  return pid;
}

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<long long>(left, 0, 3'600'000));
}

struct Watched {
  const Child& child;
  const UniqueFd& output;
  const UniqueFd& errors;
};

// Until the program has ended: its output may stay open beyond that, in a child of its own that goes on.
Status collect(const Watched& watched, Ran& ran, const std::string& name, Clock::time_point deadline,
               Interruption* interruption) {
  std::array<pollfd, 4> fds = {
      pollfd{.fd = watched.output.get(), .events = POLLIN, .revents = 0},
      pollfd{.fd = watched.errors.get(), .events = POLLIN, .revents = 0},
      pollfd{.fd = watched.child.fd(), .events = POLLIN, .revents = 0},
      pollfd{.fd = interruption == nullptr ? -1 : interruption->fd(), .events = POLLIN, .revents = 0}};
  for (;;) {
    if (interruption != nullptr && interruption->seen())
      return make_error(ErrorKind::io, "'" + name + "' was interrupted");
    const int ready = ::poll(fds.data(), fds.size(), milliseconds_until(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return errno_error("poll", name);
    if (ready == 0) return make_error(ErrorKind::io, "'" + name + "' did not end in time");
    if (fds[0].revents != 0 && !drain(watched.output, ran.output)) fds[0].fd = -1;
    if (fds[1].revents != 0 && !drain(watched.errors, ran.errors)) fds[1].fd = -1;
    if (fds[2].revents == 0) continue;
    drain(watched.output, ran.output);
    drain(watched.errors, ran.errors);
    return ok();
  }
}

}  // namespace

Interruption::Interruption() {
  const sigset_t set = end_signals();
  ::sigprocmask(SIG_BLOCK, &set, &before_);
  fd_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

Interruption::~Interruption() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

bool Interruption::seen() {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
    signal_ = static_cast<int>(info.ssi_signo);
  return signal_ != 0;
}

Result<std::string> find_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  auto found = runtime::find_program(name, path == nullptr ? "" : path);
  if (!found) return make_error(ErrorKind::io, "'" + name + "' was not found in PATH");
  return found;
}

Result<Ran> run_program(const std::vector<std::string>& argv, std::chrono::milliseconds patience,
                        Interruption* interruption) {
  const Clock::time_point deadline = Clock::now() + patience;
  SHIM_TRY(const std::string program, find_program(argv.at(0)));
  SHIM_TRY(Pipe output, make_pipe());
  SHIM_TRY(Pipe errors, make_pipe());
  SHIM_TRY(const pid_t pid, start(program, argv, output, errors));
  Child child(pid);
  if (child.fd() < 0) return errno_error("pidfd_open", program);
  output.write_end = UniqueFd();  // ours; else the end of the output never comes
  errors.write_end = UniqueFd();
  Ran ran;
  SHIM_CHECK(collect({child, output.read_end, errors.read_end}, ran, argv[0], deadline, interruption));
  ran.exit_code = child.wait();
  return ran;
}

}  // namespace runward::ctl::doctor

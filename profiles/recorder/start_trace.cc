// SPDX-License-Identifier: Apache-2.0
#include "profiles/recorder/start_trace.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <map>

#include "shim/base/file.h"

namespace runward::profiles::record {
namespace {

using Clock = std::chrono::steady_clock;

constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                          PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
constexpr int kCallStop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD
constexpr int kEventShift = 16;

long trace_request(__ptrace_request request, pid_t task, std::uintptr_t data) {
  return ::ptrace(request, task, nullptr, data);  // NOLINT: ptrace(2) has no other form
}

// A line of /proc/TASK/status: "Tgid", "Seccomp".
std::string status_of(pid_t task, const std::string& key) {
  constexpr std::size_t kMost = 65536;
  const auto text = read_file("/proc/" + std::to_string(task) + "/status", kMost);
  if (!text) return "";
  const std::size_t at = text->find("\n" + key + ":\t");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + key.size() + 3;
  return text->substr(begin, text->find('\n', begin) - begin);
}

pid_t process_of(pid_t task) {
  const std::string id = status_of(task, "Tgid");
  return id.empty() ? task : static_cast<pid_t>(std::strtol(id.c_str(), nullptr, 10));
}

OtherThreads others_of(pid_t task) {
  std::error_code error;
  OtherThreads others = OtherThreads::none;
  const std::filesystem::path folder = "/proc/" + std::to_string(task) + "/task";
  for (std::filesystem::directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
    const auto other = static_cast<pid_t>(std::strtol(each->path().filename().c_str(), nullptr, 10));
    if (other == task) continue;
    if (status_of(other, "Seccomp") == "2") return OtherThreads::filtered;
    others = OtherThreads::free;
  }
  return others;
}

[[noreturn]] void become(std::vector<char*>& argv, const std::string& folder, int output) {
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const bool is_ready = ::chdir(folder.c_str()) == 0 && ::dup2(null.get(), STDIN_FILENO) == STDIN_FILENO &&
                        ::dup2(output, STDOUT_FILENO) == STDOUT_FILENO &&
                        ::dup2(output, STDERR_FILENO) == STDERR_FILENO &&
                        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 && ::raise(SIGSTOP) == 0;
  if (is_ready) ::execv(argv[0], argv.data());
  constexpr int kNotExecuted = 127;
  ::_exit(kNotExecuted);
}

class Tracer {
 public:
  Tracer(pid_t first, Clock::time_point deadline) : deadline_(deadline) { tasks_[first]; }

  Result<StartTrace> run() {
    while (!tasks_.empty()) {
      int status = 0;
      const pid_t task = ::waitpid(-1, &status, __WALL | WNOHANG);
      if (task < 0 && errno == ECHILD) break;
      if (task < 0 && errno != EINTR) return errno_error("wait for", "the runtime");
      if (task <= 0) {
        if (Clock::now() > deadline_) kill_all();
        constexpr timespec kTick{.tv_sec = 0, .tv_nsec = 100'000};
        ::nanosleep(&kTick, nullptr);
      } else if (WIFSTOPPED(status)) {
        stopped(task, status);
      } else {
        tasks_.erase(task);
      }
    }
    return trace_;
  }

 private:
  struct Call {
    std::uint64_t number = 0;
    std::uint64_t first = 0, second = 0;  // arguments
  };

  void stopped(pid_t task, int status) {
    const bool is_new = tasks_.try_emplace(task).second;
    const int signal = WSTOPSIG(status);
    const int event = status >> kEventShift;
    int delivered = 0;
    if (is_new) {
      // A child's first stop is its attachment.
      if (signal != SIGSTOP) delivered = signal == kCallStop ? 0 : signal;
    } else if (signal == kCallStop) {
      call_stop(task);
    } else if (event == PTRACE_EVENT_EXEC && filtered_.contains(task)) {
      trace_.has_started = true;
      filtered_.erase(task);
      tasks_.erase(task);
      trace_request(PTRACE_DETACH, task, 0);
      return;
    } else if (event == 0 && !has_options_) {
      has_options_ = trace_request(PTRACE_SETOPTIONS, task, kOptions) == 0;
    } else if (event == 0 && signal != SIGTRAP) {
      delivered = signal;
    }
    trace_request(PTRACE_SYSCALL, task, static_cast<std::uintptr_t>(delivered));
  }

  void call_stop(pid_t task) {
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, task, sizeof info, &info) <= 0) return;  // NOLINT: its only form
    Call& call = tasks_[task];
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
      call = {.number = info.entry.nr, .first = info.entry.args[0], .second = info.entry.args[1]};
      if (!filtered_.empty() && filtered_.contains(process_of(task)) && is_filtered(task))
        trace_.calls.insert(static_cast<std::uint32_t>(call.number));
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && info.exit.rval >= 0 && is_load(call)) {
      filtered_.insert(process_of(task));
      trace_.others = std::max(trace_.others, others_of(task));
    }
  }

  static bool is_load(const Call& call) {
    return (call.number == SYS_seccomp && call.first == SECCOMP_SET_MODE_FILTER) ||
           (call.number == SYS_prctl && call.first == PR_SET_SECCOMP && call.second == SECCOMP_MODE_FILTER);
  }

  static bool is_filtered(pid_t task) { return status_of(task, "Seccomp") == "2"; }

  void kill_all() {
    for (const auto& [task, call] : tasks_) ::kill(task, SIGKILL);
    // Whoever is not ours to wait for any more is left to EXITKILL.
    deadline_ = Clock::now() + std::chrono::seconds(1);
    if (++kills_ > 3) tasks_.clear();
  }

  Clock::time_point deadline_;
  int kills_ = 0;
  bool has_options_ = false;
  std::map<pid_t, Call> tasks_;
  std::set<pid_t> filtered_;  // processes
  StartTrace trace_;
};

}  // namespace

Result<StartTrace> trace_start(const std::vector<std::string>& argv, const std::string& folder, int output,
                               std::chrono::milliseconds patience) {
  std::vector<char*> arguments;
  for (const std::string& argument : argv)
    arguments.push_back(const_cast<char*>(argument.c_str()));  // NOLINT: execve(2) does not write to them
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return errno_error("fork for", argv.at(0));
  if (child == 0) become(arguments, folder, output);
  return Tracer(child, Clock::now() + patience).run();
}

}  // namespace runward::profiles::record

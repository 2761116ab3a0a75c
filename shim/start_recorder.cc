// SPDX-License-Identifier: Apache-2.0
#include "shim/start_recorder.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>
#include <string>

#include "shim/base/unique_fd.h"
#include "shim/recorder_files.h"
#include "shim/recording_wish.h"
#include "shim/runtime/capture.h"

namespace runward {
namespace {

// Beside ourselves, where `make install` puts it too.
Result<std::string> find_recorder() {
  std::array<char, PATH_MAX> own{};
  const ssize_t length = ::readlink("/proc/self/exe", own.data(), own.size());
  if (length <= 0) return errno_error("read link", "/proc/self/exe");
  const std::string path(own.data(), static_cast<std::size_t>(length));
  std::string recorder = path.substr(0, path.rfind('/') + 1) + kRecorderProgram;
  if (::access(recorder.c_str(), X_OK) != 0) return errno_error("find program", recorder);
  return recorder;
}

// Only what may be called between fork and exec. Descriptor 3 is where the recorder says that it is ready.
[[noreturn]] void become(char* const* argv, int ready) {
  constexpr int kReady = 3;
  constexpr int kFailed = 127;
  sigset_t none{};
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nowhere = ::open("/dev/null", O_RDWR);
  // The highest first: `ready` may be one of those that are overwritten.
  const int kept = ::fcntl(ready, F_DUPFD, kReady + 1);
  for (const int fd : {0, 1, 2}) ::dup2(nowhere, fd);
  ::dup2(kept, kReady);
  // Every other one: what the container prints goes through some, and engines wait until all of them are closed.
  close_from(kReady + 1);
  if (::chdir("/") == 0) ::execv(argv[0], argv);
  ::_exit(kFailed);
}

// "ok", or why not; what it was that ended without a word.
Status read_answer(const UniqueFd& ready) {
  constexpr int kPatience = 30'000;  // milliseconds; a slow machine takes one of them
  constexpr std::string_view kOk = "ok\n";
  std::string answer;
  std::array<char, 1024> buffer{};
  pollfd wait{.fd = ready.get(), .events = POLLIN, .revents = 0};
  while (answer.size() < buffer.size() && ::poll(&wait, 1, kPatience) > 0) {
    const ssize_t length = ::read(ready.get(), buffer.data(), buffer.size());
    if (length <= 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(length));
    if (answer == kOk) return ok();
  }
  while (answer.ends_with('\n')) answer.pop_back();
  return make_error(ErrorKind::unsupported, answer.empty() ? "the recorder did not get ready" : answer);
}

Status spawn(const std::string& program, const runtime::Invocation& call) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("make", "pipe");
  const UniqueFd ready(ends[0]);
  UniqueFd theirs(ends[1]);
  std::string path = program;
  std::string root = call.root;
  std::string id = call.container_id;
  const std::array<char*, 4> argv = {path.data(), root.data(), id.data(), nullptr};
  const pid_t child = ::fork();
  if (child < 0) return errno_error("start", program);
  if (child == 0) {
    ::setsid();
    if (::fork() == 0) become(argv.data(), theirs.get());
    ::_exit(0);
  }
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  theirs = UniqueFd();
  return read_answer(ready);
}

constexpr auto kNotRecorded = "this container was to be recorded, and can't be";

// "ebpf", or "audit" and a line with the reason.
Result<std::optional<std::string>> ask_recorder(const std::string& container_id) {
  constexpr std::string_view kEbpf = "ebpf";
  constexpr std::string_view kAudit = "audit\n";
  SHIM_TRY(const std::string recorder, find_recorder());
  SHIM_TRY(runtime::Captured said,
           runtime::run_and_capture(recorder, {kChooseOption, wished_call_recording(container_id)}));
  std::string& text = said.output;
  while (text.ends_with('\n')) text.pop_back();
  if (said.exit_code != 0)
    return make_error(ErrorKind::unsupported, text.empty() ? "the recorder did not say how" : text);
  if (text == kEbpf) return std::optional<std::string>();
  if (!text.starts_with(kAudit)) return make_error(ErrorKind::unsupported, "the recorder is not of this version");
  text.erase(0, kAudit.size());
  return std::optional(std::move(text));
}

}  // namespace

bool is_recorded(const std::string& program) { return program.substr(program.rfind('/') + 1) == kRecordingRuntime; }

Result<std::optional<std::string>> choose_recording(const runtime::Invocation& call) {
  if (!runtime::is_valid_container_id(call.container_id))
    return make_error(ErrorKind::usage, "'" + call.container_id + "' is no container id");
  auto chosen = ask_recorder(call.container_id);
  if (chosen) return chosen;
  return in_context(kNotRecorded, chosen.error());
}

Status start_recorder(const runtime::Invocation& call) {
  if (!runtime::is_valid_container_id(call.container_id))
    return make_error(ErrorKind::usage, "'" + call.container_id + "' is no container id");
  auto program = find_recorder();
  const Status started = program ? spawn(*program, call) : Status(program.error());
  if (started) return ok();
  return in_context(kNotRecorded, started.error());
}

void wait_for_recorder(const runtime::Invocation& call) {
  if (!runtime::is_valid_container_id(call.container_id)) return;
  const UniqueFd file(::open(recorder_file(call.container_id).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return;
  constexpr int kTries = 3000;
  constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 10'000'000};
  for (int i = 0; i < kTries && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0; ++i) ::nanosleep(&kPause, nullptr);
}

}  // namespace runward

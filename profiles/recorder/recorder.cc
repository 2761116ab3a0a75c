// SPDX-License-Identifier: Apache-2.0
#include "profiles/recorder/recorder.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "profiles/recorder/call_watch.h"
#include "profiles/recorder/executable_names.h"
#include "shim/base/file.h"

namespace runward::profiles::record {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kTurn(200);  // for events of files, before something else is looked at

Result<PidNamespace> pid_namespace_of(pid_t pid) {
  constexpr std::size_t kMaxStatus = 65536;
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/pid";
  struct stat its {};
  struct stat ours {};
  if (::stat(path.c_str(), &its) != 0) return errno_error("stat", path);
  if (::stat("/proc/self/ns/pid", &ours) != 0) return errno_error("stat", "/proc/self/ns/pid");
  if (its.st_ino == ours.st_ino)
    return make_error(ErrorKind::unsupported, "a container in the host's pid namespace can't be told from the host");
  SHIM_TRY(const std::string status, read_file("/proc/" + std::to_string(pid) + "/status", kMaxStatus));
  if (!is_first_process(status))
    return make_error(ErrorKind::unsupported, "a container in another one's pid namespace can't be told from that");
  return PidNamespace{.device = its.st_dev, .inode = its.st_ino};
}

// One batch of events of files holds an open file each.
void allow_many_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string now_rfc3339() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

std::string counted(std::uint64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what);
}

}  // namespace

Recorder::Recorder(Subject subject, UniqueFd init, UniqueFd root, std::unique_ptr<CallSource> calls, FileWatch files)
    : subject_(std::move(subject)),
      init_(std::move(init)),
      root_(std::move(root)),
      calls_(std::move(calls)),
      files_(std::move(files)),
      sampler_(subject_.init) {}

Result<Recorder> Recorder::begin(Subject subject, const BeginCalls& begin_calls) {
  UniqueFd init(static_cast<int>(::syscall(SYS_pidfd_open, subject.init, 0)));
  if (!init) return errno_error("open process", std::to_string(subject.init));
  const std::string root_path = "/proc/" + std::to_string(subject.init) + "/root";
  UniqueFd root(::open(root_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return errno_error("open", root_path);
  allow_many_files();
  SHIM_TRY(const PidNamespace container, pid_namespace_of(subject.init));
  SHIM_TRY(FileWatch files, FileWatch::begin(subject.init, subject.mounts));
  SHIM_TRY(std::unique_ptr<CallSource> calls, begin_calls(container));
  return Recorder(std::move(subject), std::move(init), std::move(root), std::move(calls), std::move(files));
}

// Before the container's own program runs, what is used is used by the runtime.
void Recorder::look_again(const std::function<void(const Progress&)>& on_progress) {
  const CallProgress calls = calls_->progress();
  if (calls.has_begun) sampler_.sample();
  on_progress({.calls = calls.calls,
               .files = files_.files().size(),
               .elapsed = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin_)});
}

bool Recorder::read_files(milliseconds longest) {
  return files_.read_events(longest, [this](pid_t pid) { return calls_->name_of_ended(pid); });
}

// No process of the container is left to open more, but others can, in a filesystem that they reach; and `delete` waits
// for us, half a minute at most.
void Recorder::read_last_files() {
  constexpr milliseconds kLongest(10'000);
  if (!read_files(kLongest)) files_.end("files were still being opened ten seconds after its end");
}

// Much happens in the first seconds, and some containers have no more.
milliseconds Recorder::pause() const {
  constexpr milliseconds kYoung(3000);
  return steady_clock::now() - begin_ < kYoung ? milliseconds(100) : milliseconds(1000);
}

Recording Recorder::run(int stop, const std::function<void(const Progress&)>& on_progress) {
  subject_.known.started = now_rfc3339();
  auto next = steady_clock::now();
  for (;;) {
    const auto now = steady_clock::now();
    if (now >= next) {
      look_again(on_progress);
      next = now + pause();
    }
    const auto wait = std::chrono::ceil<milliseconds>(next - now).count();
    std::array<pollfd, 4> watched = {pollfd{.fd = init_.get(), .events = POLLIN, .revents = 0},
                                     pollfd{.fd = stop, .events = POLLIN, .revents = 0},
                                     pollfd{.fd = files_.fd(), .events = POLLIN, .revents = 0},
                                     pollfd{.fd = calls_->fd(), .events = POLLIN, .revents = 0}};
    ::poll(watched.data(), watched.size(), static_cast<int>(std::max<std::int64_t>(wait, 0)));
    if (watched[3].revents != 0) calls_->read();
    if (watched[2].revents != 0) read_files(kTurn);
    if (watched[0].revents != 0 || watched[1].revents != 0) return finish(watched[0].revents != 0);
  }
}

Recording Recorder::finish(bool has_ended) {
  if (has_ended) {
    read_last_files();
  } else {
    read_files(kTurn);
  }
  sampler_.finish();
  Recording recording = std::move(subject_.known);
  recording.host.kernel = kernel_release();
  recording.host.architecture = machine() == "aarch64" ? "aarch64" : "x86_64";
  recording.milliseconds =
      static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin_).count());
  recording.mechanisms = {.calls = std::string(calls_->mechanism()),
                          .files = "fanotify",
                          .capabilities = calls_->sees_capabilities() ? "ebpf" : ""};
  recording.files = files_.files();
  ExecutableNames names(recording.files, root_);
  WatchedCalls calls = calls_->finish(names);
  recording.calls = std::move(calls.calls);
  recording.capabilities = std::move(calls.capabilities);
  recording.gaps = std::move(calls.gaps);
  recording.lost = calls.lost;
  recording.lost.files = files_.lost();
  name_executables(recording.files);
  recording.ports = sampler_.ports();
  recording.peaks = sampler_.peaks();
  std::set<User> users = sampler_.running_users();
  users.merge(calls.users);
  recording.users = sampler_.inside(users);
  recording.complete = true;
  if (subject_.layer) {
    auto upper = walk_upper(*subject_.layer);
    if (upper) recording.upper = std::move(upper->upper);
    if (!upper || !upper->is_whole) {
      recording.complete = false;
      recording.gaps.push_back(upper ? "the writable layer has more files than a recording takes"
                                     : "the writable layer could not be read: " + upper.error().message);
    }
  }
  add_gaps(has_ended, recording);
  return recording;
}

// "[ls]", of a process that had ended when its file was looked at.
void Recorder::name_executables(Files& files) const {
  ExecutableNames names(files, root_);
  for (auto& [path, use] : files) {
    Executables named;
    for (const auto& [executable, count] : use.executables) {
      const bool is_comm = executable.starts_with('[');
      named[is_comm ? names.name_of(executable.substr(1, executable.size() - 2)) : executable] += count;
    }
    use.executables = std::move(named);
  }
}

void Recorder::add_gaps(bool has_ended, Recording& recording) const {
  const Lost& lost = recording.lost;
  const std::array losses = {std::pair{lost.calls, "system calls were not counted"},
                             std::pair{lost.arguments, "arguments of system calls were not counted"},
                             std::pair{lost.capabilities, "uses of capabilities were not counted"},
                             std::pair{lost.files, "events of files, or more, were lost"},
                             std::pair{lost.processes, "processes could not be followed"}};
  for (const auto& [count, what] : losses)
    if (count != 0) recording.gaps.push_back(counted(count, what));
  const bool has_lost = !(lost == Lost());
  if (!has_ended) recording.gaps.emplace_back("recording was ended before the container");
  for (const std::string& gap : files_.gaps()) recording.gaps.push_back(gap);
  recording.complete = recording.complete && has_ended && !has_lost && files_.gaps().empty();
  recording.gaps.emplace_back("files below /dev were not looked at");
  if (!subject_.layer) recording.gaps.emplace_back("there is no writable layer that could be looked at");
  if (!sampler_.sees_ports()) recording.gaps.emplace_back("ports were not looked at: it has the host's network");
  if (!sampler_.was_looked_at()) recording.gaps.emplace_back("it was too short-lived for its peaks to be looked at");
  if (!sampler_.sees_peaks()) recording.gaps.emplace_back("peaks were not looked at: its cgroup was not found");
}

}  // namespace runward::profiles::record

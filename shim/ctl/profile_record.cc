// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/profile_record.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "profiles/bytes.h"
#include "profiles/recording.h"
#include "shim/base/file.h"
#include "shim/ctl/doctor/spawn.h"
#include "shim/ctl/table.h"
#include "shim/oci/parse.h"
#include "shim/recorder_files.h"
#include "shim/recording_wish.h"
#include "shim/runtime/command_line.h"

namespace runward::ctl {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kTick(100);
// From the end of `docker run` to a recorder's file: a container that was refused has none.
constexpr milliseconds kPatience(3000);

// --- its recorder ---------------------------------------------------------------------------

// The recorder's file, held open from its first sight: it may be swept before we have read its last line.
class RecorderView {
 public:
  explicit RecorderView(std::string id_file) : id_file_(std::move(id_file)) {}

  void look() {
    if (!file_) open_file();
    if (!file_) return;
    is_alive_ = ::flock(file_.get(), LOCK_SH | LOCK_NB) != 0;
    if (!is_alive_) ::flock(file_.get(), LOCK_UN);
    std::string text(kLength, '\0');
    const ssize_t length = ::pread(file_.get(), text.data(), text.size(), 0);
    text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    if (auto line = oci::parse(text, "progress")) line_ = *std::move(line);
  }

  [[nodiscard]] bool is_there() const { return static_cast<bool>(file_); }
  [[nodiscard]] bool is_alive() const { return is_alive_; }
  [[nodiscard]] std::string text(std::string_view key) const {
    const oci::Value* const value = oci::find(line_, key);
    return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
  }
  [[nodiscard]] std::int64_t number(std::string_view key) const {
    const oci::Value* const value = oci::find(line_, key);
    return value != nullptr && value->is_number_integer() ? value->get<std::int64_t>() : 0;
  }
  // While it has its file locked, its pid is its own.
  void stop() const {
    const auto pid = static_cast<pid_t>(number("pid"));
    if (is_alive_ && pid > 1) ::kill(pid, SIGTERM);
  }

 private:
  static constexpr std::size_t kLength = 1024;

  void open_file() {
    const auto id = id_in(id_file_);
    if (!id) return;
    file_ = UniqueFd(::open(recorder_file(*id).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  }

  std::string id_file_;
  UniqueFd file_;
  bool is_alive_ = false;
  oci::Value line_;
};

// --- the recording --------------------------------------------------------------------------

constexpr std::size_t kMaxNameLength = 64;

bool is_recording_name(std::string_view name) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !name.empty() && name.size() <= kMaxNameLength && name[0] != '.' && name[0] != '-' &&
         name.find_first_not_of(kLetters) == std::string_view::npos;
}

// What is asked for by its path is replaced; an earlier recording of that name is not.
Status write(const std::string& path, bool keeps_older, const profiles::Recording& recording) {
  const std::filesystem::path target = std::filesystem::absolute(path);
  SHIM_TRY(const UniqueFd folder, open_directory(target.parent_path()));
  if (keeps_older) SHIM_CHECK(set_aside(folder, target.filename()));
  return replace_file(folder, target.filename(), profiles::print_recording(recording), 0600);
}

std::size_t distinct_calls(const profiles::Recording& recording) {
  std::set<std::string> names;
  for (const auto& [phase, architectures] : recording.calls)
    for (const auto& [architecture, calls] : architectures)
      for (const auto& [name, call] : calls) names.insert(std::string(architecture).append("/").append(name));
  return names.size();
}

void tell(const profiles::Recording& recording, const std::string& path) {
  complain("recorded " + std::to_string(distinct_calls(recording)) + " system calls and " +
           std::to_string(recording.files.size()) + " files: " + path);
  if (recording.mechanisms.calls == "audit")
    complain("system calls were recorded by the kernel's audit, which does not tell their arguments");
  if (recording.complete) return;
  complain("the recording is not complete:");
  for (const std::string& gap : recording.gaps) complain("  " + profiles::to_text(gap));
}

// Under the name and at the place that were asked for.
Status settle(const Given& given, const std::string& found) {
  SHIM_TRY(const std::string text, read_file(found, profiles::kMaxRecordingBytes));
  SHIM_TRY(profiles::Recording recording, profiles::parse_recording(text, found));
  if (const auto name = given.value("name")) recording.name = *name;
  std::string path = found;
  if (const auto name = given.value("name")) path = recordings_folder() + "/" + *name + ".json";
  if (const auto output = given.value("output")) path = *output;
  const bool keeps_older = path != found && !given.has("output");
  if (path != found || given.has("name")) SHIM_CHECK(write(path, keeps_older, recording));
  if (path != found) ::unlink(found.c_str());
  tell(recording, path);
  const auto calls = given.value("calls");
  if (!calls || *calls == kCallRecordings.front() || *calls == recording.mechanisms.calls) return ok();
  return make_error(ErrorKind::io,
                    "the system calls were not recorded as --calls asks: what was asked did not come to runward");
}

// --- waiting --------------------------------------------------------------------------------

class Wait {
 public:
  Wait(RecordedCall call, std::optional<std::chrono::seconds> limit)
      : call_(std::move(call)), recorder_(call_.id_file), limit_(limit) {}

  // The exit code of `docker run`; the recorder has ended too.
  Result<int> run() {
    const doctor::Interruption interruption;
    SHIM_TRY(DockerCall docker, DockerCall::start(call_.argv));
    for (;;) {
      pollfd signals{.fd = interruption.fd(), .events = POLLIN, .revents = 0};
      if (::poll(&signals, 1, static_cast<int>(kTick.count())) > 0) interrupted(interruption.fd(), docker);
      recorder_.look();
      const auto code = docker.ended();
      stop_in_time();
      show();
      if (code && !recorder_.is_alive() && (recorder_.is_there() || waited_enough())) {
        recorder_.look();
        clear();
        return *code;
      }
    }
  }

  [[nodiscard]] const RecorderView& recorder() const { return recorder_; }

 private:
  // The first goes to the container as well, by way of `docker run`, if that runs.
  void interrupted(int fd, DockerCall& docker) {
    std::string discarded(128, '\0');
    while (::read(fd, discarded.data(), discarded.size()) > 0) {
    }
    const bool ends_container = !docker.ended() && !was_interrupted_;
    was_interrupted_ = true;
    if (!ends_container) return recorder_.stop();
    clear();
    complain("waiting for the container to end; ^C again ends the recording now");
  }

  void stop_in_time() {
    if (!limit_ || !recorder_.is_alive()) return;
    if (milliseconds(recorder_.number("milliseconds")) >= *limit_) recorder_.stop();
  }

  bool waited_enough() {
    if (!ended_) ended_ = Clock::now();
    return Clock::now() - *ended_ > kPatience;
  }

  void show() {
    constexpr milliseconds kSecond(1000);
    const bool is_shown = ::isatty(STDERR_FILENO) == 1 && !call_.has_terminal && recorder_.is_alive();
    if (!is_shown || Clock::now() - shown_ < kSecond) return;
    shown_ = Clock::now();
    const std::string line = std::to_string(recorder_.number("calls")) + " system calls, " +
                             std::to_string(recorder_.number("files")) + " files, " +
                             std::to_string(recorder_.number("milliseconds") / kSecond.count()) + " s";
    static_cast<void>(std::fprintf(stderr, "\r\033[Krecording: %s\r", line.c_str()));
    has_line_ = true;
  }

  void clear() {
    if (has_line_) static_cast<void>(std::fputs("\r\033[K", stderr));
    has_line_ = false;
  }

  RecordedCall call_;
  RecorderView recorder_;
  std::optional<std::chrono::seconds> limit_;
  std::optional<Clock::time_point> ended_;
  Clock::time_point shown_{};
  bool has_line_ = false;
  bool was_interrupted_ = false;
};

// --- before it ------------------------------------------------------------------------------

constexpr mode_t kOnlyRoot = 0700;

// A folder for Docker's --cidfile, which must not be there before; with a wish beside it that is good while this lives.
class IdFolder {
 public:
  static Result<IdFolder> make() { return make_below("/tmp", "/runward-record."); }
  static Result<IdFolder> make_with_wish(const std::string& calls) {
    for (const std::string& path : {std::string(build_info::kStateDir), recording_wishes_folder()})
      if (::mkdir(path.c_str(), path == build_info::kStateDir ? 0711 : kOnlyRoot) != 0 && errno != EEXIST)
        return errno_error("make folder", path);
    sweep();
    SHIM_TRY(IdFolder folder, make_below(recording_wishes_folder(), "/"));
    // Under another name until it is locked: any create on this host looks whether it is.
    const std::string path = folder.wish();
    const std::string unlocked = path + ".new";
    folder.wish_ = UniqueFd(::open(unlocked.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!folder.wish_ || ::flock(folder.wish_.get(), LOCK_EX | LOCK_NB) != 0) return errno_error("lock", unlocked);
    SHIM_CHECK(write_all(folder.wish_.get(), print_recording_wish(calls, folder.file()), unlocked));
    if (::rename(unlocked.c_str(), path.c_str()) != 0) return errno_error("rename", unlocked);
    return folder;
  }
  IdFolder(IdFolder&& other) noexcept
      : path_(std::exchange(other.path_, std::string())), wish_(std::move(other.wish_)) {}
  IdFolder& operator=(IdFolder&&) = delete;
  IdFolder(const IdFolder&) = delete;
  IdFolder& operator=(const IdFolder&) = delete;
  ~IdFolder() {
    if (path_.empty()) return;
    ::unlink(file().c_str());
    ::unlink(wish().c_str());
    ::unlink((wish() + ".new").c_str());
    ::rmdir(path_.c_str());
  }
  [[nodiscard]] std::string file() const { return path_ + "/id"; }
  [[nodiscard]] bool has_wish() const { return static_cast<bool>(wish_); }

 private:
  explicit IdFolder(std::string path) : path_(std::move(path)) {}

  static Result<IdFolder> make_below(const std::string& folder, std::string_view name) {
    std::string path = folder + std::string(name) + "XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return errno_error("make folder", path);
    return IdFolder(std::move(path));
  }

  // Wishes of those that were killed.
  static void sweep() {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(recording_wishes_folder(), error), end; !error && entry != end;
         entry.increment(error)) {
      IdFolder left(entry->path().native());
      left.wish_ = UniqueFd(::open(left.wish().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
      if (!left.wish_ || ::flock(left.wish_.get(), LOCK_EX | LOCK_NB) != 0) left.path_.clear();
    }
  }

  [[nodiscard]] std::string wish() const { return path_ + "/" + kWishFile; }

  std::string path_;
  UniqueFd wish_;
};

}  // namespace

Result<int> run_profile_record(const Given& given) {
  const auto name = given.value("name");
  if (name && !is_recording_name(*name))
    return make_error(ErrorKind::usage, "--name takes letters, digits and _ . -, at most 64");
  const auto duration = given.value("for");
  const auto limit = duration ? parse_duration(*duration) : std::nullopt;
  if (duration && !limit) return make_error(ErrorKind::usage, "--for takes a duration such as 90, 90s, 5m or 2h");
  const auto calls = given.value("calls");
  if (calls && std::ranges::find(kCallRecordings, *calls) == kCallRecordings.end())
    return make_error(ErrorKind::usage, "--calls takes auto, ebpf or audit");
  SHIM_TRY(const IdFolder folder, calls ? IdFolder::make_with_wish(*calls) : IdFolder::make());
  SHIM_TRY(RecordedCall call,
           recorded_call(given.arguments(), given.value("runtime").value_or(kRecordingRuntime), folder.file()));
  if (folder.has_wish() && call.id_file != folder.file())
    return make_error(ErrorKind::usage, "--calls needs --cidfile for itself");
  Wait wait(std::move(call), limit);
  SHIM_TRY(const int code, wait.run());
  const RecorderView& recorder = wait.recorder();
  if (recorder.text("state") == "done") {
    SHIM_CHECK(settle(given, recorder.text("recording")));
    return code;
  }
  const std::string why = recorder.text("why");
  const std::string what = recorder.is_there() ? "the recorder ended without a recording" : "nothing was recorded";
  return make_error(ErrorKind::io, why.empty() ? what : what + ": " + printable(why));
}

}  // namespace runward::ctl

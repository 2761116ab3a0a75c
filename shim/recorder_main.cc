// SPDX-License-Identifier: Apache-2.0

// runward-recorder ROOT ID: watches one container from its start to its end and writes its recording. Started by
// runward, on `start` of a container whose runtime is runward-record. Says "ok" on descriptor 3 when it watches, or why
// it can't. SIGTERM and SIGINT end it early, with the recording kept.
//
// runward-recorder --choose auto|ebpf|audit: says by what system calls can be recorded on this host.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <exception>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "profiles/bytes.h"
#include "profiles/recorder/audited_calls.h"
#include "profiles/recorder/ebpf_calls.h"
#include "profiles/recorder/recorder.h"
#include "profiles/recording.h"
#include "runward_build_info.h"
#include "shim/audited_recording.h"
#include "shim/base/file.h"
#include "shim/decide.h"
#include "shim/host/docker_files.h"
#include "shim/host/mount_table.h"
#include "shim/host/running.h"
#include "shim/oci/parse.h"
#include "shim/oci/print.h"
#include "shim/policy/store.h"
#include "shim/recorder_files.h"
#include "shim/runtime/low_level.h"
#include "shim/runtime/version.h"
#include "shim/state/decisions.h"
#include "shim/userns/layers.h"

namespace runward {
namespace {

namespace record = profiles::record;

constexpr int kReady = 3;
constexpr mode_t kOnlyRoot = 0700;
constexpr std::size_t kMaxMountinfo = std::size_t{16} << 20U;

// --- what is known of the container ----------------------------------------------------------

Result<state::Decision> find_decision(const std::string& root, const std::string& id) {
  SHIM_TRY(auto decision, state::Decisions(build_info::kStateDir).find(root, id));
  if (decision) return *std::move(decision);
  return make_error(ErrorKind::policy, "runward did not create container '" + id + "'");
}

// The engine's own document: its root.path is where the engine has the root filesystem, ours may be a staged one.
Result<oci::Value> read_original(const state::Decision& decision) {
  const std::string path = decision.bundle + "/" + kOriginal;
  SHIM_TRY(const std::string text, read_file(path, oci::ParseLimits().max_bytes));
  return oci::parse(text, path);
}

Result<std::vector<record::ContainerMount>> mounts_of(pid_t init) {
  SHIM_TRY(const std::string text, read_file("/proc/" + std::to_string(init) + "/mountinfo", kMaxMountinfo));
  const host::MountTable table = host::MountTable::parse(text);
  std::vector<std::string> points = table.below("/");
  points.insert(points.begin(), "/");
  std::vector<record::ContainerMount> mounts;
  for (const std::string& point : points)
    if (const host::MountEntry* const entry = table.holder_of(point))
      mounts.push_back({.point = point, .filesystem = entry->filesystem});
  return mounts;
}

// Of the engine's overlay. With a root filesystem that is read-only or ephemeral nothing is written there.
std::optional<record::WritableLayer> layer_of(const state::Decision& decision, const std::string& root_path) {
  std::error_code error;
  const std::string path = std::filesystem::canonical(std::filesystem::path(decision.bundle) / root_path, error);
  const auto mountinfo = read_file("/proc/self/mountinfo", kMaxMountinfo);
  if (error || !mountinfo) return std::nullopt;
  const auto layers = userns::find_layers(*mountinfo, path);
  if (!layers || !*layers || (*layers)->upper.empty()) return std::nullopt;
  return record::WritableLayer{.upper = (*layers)->upper, .lower = (*layers)->lower};
}

void describe_runtime(profiles::Host& host) {
  const auto config = policy::load_config(build_info::kConfigDir);
  const auto runtime = runtime::find_low_level(config ? config->runtime : policy::Config().runtime, search_path());
  if (!runtime) return;
  const runtime::NamedRuntime named = runtime::name_runtime(*runtime);
  host.runtime = named.name;
  host.runtime_version = named.version;
}

std::string short_id(const std::string& id) {
  constexpr std::size_t kDockersLength = 64;
  return id.size() == kDockersLength ? id.substr(0, 12) : id;
}

void describe_container(const state::Decision& decision, const oci::Spec& original, profiles::Recording& known) {
  known.name = short_id(decision.container);
  known.image = decision.image;
  if (const oci::Value* const args = oci::find(original.value(), oci::Pointer("/process/args")); args != nullptr)
    for (const oci::Value& argument : *args)
      if (argument.is_string()) known.command.push_back(argument.get<std::string>());
  const auto docker = host::read_docker_files(original.root_path(), decision.container);
  if (!docker || !*docker) return;
  known.image = (*docker)->image;
  if (!(*docker)->name.empty()) known.name = (*docker)->name;
}

Result<record::Subject> find_subject(const std::string& root, const std::string& id) {
  SHIM_TRY(const state::Decision decision, find_decision(root, id));
  SHIM_TRY(const oci::Value document, read_original(decision));
  const oci::Spec original(document);
  const auto init = host::first_process_of(decision.pid_file, decision.runtime_root, id);
  if (!init) return make_error(ErrorKind::io, "the first process of container '" + id + "' can't be found");
  record::Subject subject;
  subject.init = *init;
  SHIM_TRY(subject.mounts, mounts_of(*init));
  SHIM_TRY(const policy::Policy policy, policy::policy_from_text(decision.policy));
  const bool is_writable = policy.rootfs.mode == policy::RootfsMode::writable ||
                           policy.rule(policy::RuleId::rootfs).mode != policy::Mode::enforce;
  if (is_writable) subject.layer = layer_of(decision, original.root_path());
  describe_container(decision, original, subject.known);
  describe_runtime(subject.known.host);
  return subject;
}

// --- its system calls ---------------------------------------------------------------------------

// "ebpf", or "audit" and why; an error that says why neither. `wish`: one of kCallRecordings.
Result<std::string> choose_calls(std::string_view wish) {
  std::string why = "was asked for";
  if (wish != "audit") {
    const Status status = record::EbpfCalls::try_out();
    if (status) return std::string("ebpf\n");
    if (wish == "ebpf") return status.error();
    why = "eBPF can't be used here: " + status.error().message;
  }
  const Status status = record::AuditedCalls::try_out();
  if (status) return "audit\n" + why + "\n";
  if (wish == "audit") return status.error();
  return in_context(why + "; nor can the kernel's audit", status.error());
}

record::Session session_of(const std::string& id, std::uint32_t number) {
  switch (audit_session_of(id, number)) {
    case AuditSession::containers:
      return record::Session::containers;
    case AuditSession::execs:
      return record::Session::execs;
    case AuditSession::others:
      break;
  }
  return record::Session::others;
}

record::BeginCalls how_calls_are_recorded(const std::string& id) {
  const auto why = why_audited(id);
  if (!why) return &record::EbpfCalls::begin;
  return [id, why = *why](const record::PidNamespace&) {
    return record::AuditedCalls::begin([id](std::uint32_t number) { return session_of(id, number); }, why);
  };
}

// --- the file that others see -----------------------------------------------------------------

// Those of containers that are long gone.
void sweep_recorder_files() {
  constexpr std::time_t kOld = 600;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(recorders_folder(), error), end; !error && entry != end;
       entry.increment(error)) {
    const UniqueFd file(::open(entry->path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0 || std::time(nullptr) - status.st_mtim.tv_sec < kOld) continue;
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(entry->path().c_str());
  }
}

class RecorderFile {
 public:
  static Result<RecorderFile> make(const std::string& id) {
    constexpr mode_t kMayPass = 0711;
    ::mkdir(build_info::kStateDir, kMayPass);
    if (::mkdir(recorders_folder().c_str(), kOnlyRoot) != 0 && errno != EEXIST)
      return errno_error("make folder", recorders_folder());
    sweep_recorder_files();
    std::set<std::string> living;
    for (const state::Decision& decision : state::Decisions(build_info::kStateDir).list())
      living.insert(decision.container);
    sweep_audited_recordings(living);
    RecorderFile file;
    const std::string path = recorder_file(id);
    file.fd_ = UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.fd_) return errno_error("open", path);
    if (::flock(file.fd_.get(), LOCK_EX | LOCK_NB) != 0)
      return make_error(ErrorKind::io, "container '" + id + "' is being recorded already");
    return file;
  }

  // One line, always as long: who reads it at the same time sees the old one or the new one.
  void tell(const oci::Value& line) const {
    constexpr std::size_t kLength = 1024;
    std::string text = oci::print(line);
    if (text.size() >= kLength) return;
    text.append(kLength - 1 - text.size(), ' ').append(1, '\n');
    if (::pwrite(fd_.get(), text.data(), text.size(), 0) < 0) return;  // nobody's recording fails by that
  }

 private:
  UniqueFd fd_;
};

// --- the recording ------------------------------------------------------------------------------

// A container's name, or what is left of it as a file's: letters, digits and _.-, the first a letter or digit.
std::string file_name_for(const std::string& name) {
  std::string safe;
  for (const char c : name) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_plain || (!safe.empty() && (c == '_' || c == '.' || c == '-'))) safe += c;
  }
  return (safe.empty() ? std::string("recording") : safe.substr(0, 200)) + ".json";
}

Status make_folders(const std::string& path) {
  constexpr mode_t kFolder = 0755;
  const std::string above = path.substr(0, path.rfind('/'));
  if (::mkdir(above.c_str(), kFolder) != 0 && errno != EEXIST) return errno_error("make folder", above);
  if (::mkdir(path.c_str(), kOnlyRoot) != 0 && errno != EEXIST) return errno_error("make folder", path);
  return ok();
}

Result<std::string> write(const profiles::Recording& recording) {
  SHIM_CHECK(make_folders(recordings_folder()));
  SHIM_TRY(const UniqueFd folder, open_directory(recordings_folder()));
  SHIM_CHECK(check_only_root_writes(folder, recordings_folder()));
  const std::string name = file_name_for(recording.name);
  const std::string text = profiles::print_recording(recording);
  if (text.size() > profiles::kMaxRecordingBytes)
    return make_error(ErrorKind::unsupported, "recording '" + name + "': it is larger than any reader takes");
  SHIM_CHECK(set_aside(folder, name));
  SHIM_CHECK(replace_file(folder, name, text, 0600));
  return recordings_folder() + "/" + name;
}

// Signals arrive as something to read; a parent that went away must not end us by SIGPIPE.
Result<UniqueFd> signals_to_read() {
  sigset_t signals{};
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, signal);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  static_cast<void>(::signal(SIGPIPE, SIG_IGN));
  UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC));
  if (!fd) return errno_error("wait for", "signals");
  return fd;
}

Status run(const std::string& root, const std::string& id) {
  SHIM_TRY(const UniqueFd stop, signals_to_read());
  SHIM_TRY(const RecorderFile file, RecorderFile::make(id));
  SHIM_TRY(record::Subject subject, find_subject(root, id));
  SHIM_TRY(record::Recorder recorder, record::Recorder::begin(std::move(subject), how_calls_are_recorded(id)));
  const auto tell = [&](const record::Progress& progress) {
    file.tell({{"state", "recording"},
               {"pid", ::getpid()},
               {"calls", progress.calls},
               {"files", progress.files},
               {"milliseconds", progress.elapsed.count()}});
  };
  tell({});
  SHIM_CHECK(write_all(kReady, "ok\n", "ready"));
  ::close(kReady);
  const profiles::Recording recording = recorder.run(stop.get(), tell);
  const auto path = write(recording);
  if (path) {
    file.tell({{"state", "done"}, {"recording", *path}, {"complete", recording.complete}});
    return ok();
  }
  file.tell({{"state", "failed"}, {"why", profiles::to_text(path.error().message)}});
  return path.error();
}

int say_choice(std::string_view wish) {
  const auto choice = choose_calls(wish);
  const std::string text = choice ? *choice : choice.error().message + "\n";
  return write_all(STDOUT_FILENO, text, "stdout") && choice ? 0 : 1;
}

}  // namespace
}  // namespace runward

int main(int argc, char** argv) {
  using namespace runward;
  if (argc != 3) return 2;
  if (argv[1] == std::string_view(kChooseOption)) return say_choice(argv[2]);
  std::string problem;
  try {
    const Status status = run(argv[1], argv[2]);
    if (status) return 0;
    problem = status.error().message;
  } catch (const std::exception& error) {
    problem = std::string("bug: ") + error.what();
  }
  // Where it comes after "ok", nobody listens any more; the recorder's file tells.
  static_cast<void>(write_all(kReady, problem + "\n", "ready"));
  return 1;
}

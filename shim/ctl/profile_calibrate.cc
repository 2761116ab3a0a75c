// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/profile_calibrate.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>

#include "profiles/recorder/call_names.h"
#include "profiles/recorder/start_trace.h"
#include "shim/base/file.h"
#include "shim/ctl/doctor/spawn.h"
#include "shim/ctl/profile_folder.h"
#include "shim/ctl/table.h"
#include "shim/decide.h"
#include "shim/oci/print.h"
#include "shim/oci/value.h"
#include "shim/policy/store.h"
#include "shim/runtime/low_level.h"
#include "shim/runtime/version.h"

namespace runward::ctl {
namespace {

namespace fs = std::filesystem;
namespace record = profiles::record;
using namespace std::chrono_literals;
using profiles::Calibrated;
using profiles::Calibration;
using profiles::MeasuredStart;

constexpr auto kPatience = 10s;  // a runtime that misses a call hangs, more often than not
constexpr int kLooks = 5;        // some calls are in some starts only
constexpr int kTries = 2;

// --- a container to be started --------------------------------------------------------------

// Its root filesystem has one static program, which is runward: what that does is no matter.
class Bundle {
 public:
  static Result<Bundle> make(const std::string& program, doctor::Interruption& interruption) {
    std::string path = std::string(build_info::kDataDir) + "/calibrate.XXXXXX";
    if (::mkdir(build_info::kDataDir, 0755) != 0 && errno != EEXIST)
      return errno_error("make folder", build_info::kDataDir);
    if (::mkdtemp(path.data()) == nullptr) return errno_error("make folder", path);
    Bundle bundle(path, interruption);
    std::error_code error;
    for (const char* folder : {"/rootfs", "/rootfs/proc", "/rootfs/dev"})
      if (!error) fs::create_directory(path + folder, error);
    if (!error) fs::copy_file(program, path + "/rootfs/program", error);
    if (error) return errno_error("write below", path, error.value());
    bundle.log_ = UniqueFd(::open((path + "/log").c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
    if (!bundle.log_) return errno_error("open", path + "/log");
    return bundle;
  }
  Bundle(Bundle&& other) noexcept
      : interruption_(other.interruption_), path_(std::exchange(other.path_, "")), log_(std::move(other.log_)) {}
  Bundle(const Bundle&) = delete;
  Bundle& operator=(const Bundle&) = delete;
  Bundle& operator=(Bundle&&) = delete;
  ~Bundle() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }

  // A start with one call denied, or with none.
  Result<record::StartTrace> start(const std::string& runtime, bool filter_last, const std::string& denied) {
    SHIM_TRY(const UniqueFd folder, open_directory(path_));
    SHIM_CHECK(replace_file(folder, "config.json", oci::print(document(filter_last, denied)), 0600));
    if (::ftruncate(log_.get(), 0) != 0) return errno_error("truncate", path_ + "/log");
    SHIM_TRY(record::StartTrace trace,
             record::trace_start(command(runtime, {"run", id()}), path_, log_.get(), kPatience));
    // What was started and is gone is no error, and what was not is none either.
    static_cast<void>(doctor::run_program(command(runtime, {"delete", "--force", id()}), kPatience));
    if (interruption_->seen()) return make_error(ErrorKind::io, "interrupted");
    return trace;
  }

  [[nodiscard]] std::string log() const {
    constexpr std::size_t kMost = 400;
    std::string text(kMost, '\0');
    const ssize_t length = ::pread(log_.get(), text.data(), text.size(), 0);
    text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return text;
  }

 private:
  Bundle(std::string path, doctor::Interruption& interruption) : interruption_(&interruption), path_(std::move(path)) {}

  [[nodiscard]] std::string id() const { return "runward-" + fs::path(path_).extension().string().substr(1); }

  // Control groups matter to nobody here, and crun may find them in an order that it refuses.
  [[nodiscard]] std::vector<std::string> command(const std::string& runtime,
                                                 const std::vector<std::string>& rest) const {
    std::vector<std::string> argv = {runtime, "--root", path_ + "/state"};
    if (fs::path(runtime).filename().string().starts_with("crun")) argv.emplace_back("--cgroup-manager=disabled");
    argv.insert(argv.end(), rest.begin(), rest.end());
    return argv;
  }

  [[nodiscard]] oci::Value document(bool filter_last, const std::string& denied) const {
    oci::Value namespaces = oci::Value::array();
    for (const char* type : {"pid", "network", "ipc", "uts", "mount"}) namespaces.push_back({{"type", type}});
    oci::Value capabilities;
    for (const char* set : {"bounding", "effective", "permitted"}) capabilities[set] = {"CAP_CHOWN", "CAP_SETUID"};
    const oci::Value call = {{"names", {denied.empty() ? "kexec_load" : denied}}, {"action", "SCMP_ACT_ERRNO"}};
    return {{"ociVersion", "1.0.2"},
            {"process",
             {{"args", {"/program"}},
              {"cwd", "/"},
              {"env", {"PATH=/"}},
              {"user", {{"uid", 0}, {"gid", 0}}},
              {"capabilities", capabilities},
              {"noNewPrivileges", filter_last}}},
            {"root", {{"path", "rootfs"}}},
            {"mounts", {{{"destination", "/proc"}, {"type", "proc"}, {"source", "proc"}}}},
            {"linux",
             {{"cgroupsPath", "/" + id()},
              {"namespaces", namespaces},
              {"seccomp",
               {{"defaultAction", "SCMP_ACT_ALLOW"},
                {"architectures", {profiles::seccomp_architecture(machine_architecture())}},
                {"syscalls", {call}}}}}}};
  }

  doctor::Interruption* interruption_;
  std::string path_;
  UniqueFd log_;
};

// --- measuring ------------------------------------------------------------------------------

Result<MeasuredStart> look(Bundle& bundle, const std::string& runtime, bool filter_last) {
  MeasuredStart start;
  for (int round = 0; round < kLooks; ++round) {
    SHIM_TRY(const record::StartTrace trace, bundle.start(runtime, filter_last, ""));
    if (!trace.has_started)
      return make_error(ErrorKind::io, "'" + runtime + "' did not start a container: " + printable(bundle.log()));
    start.others = std::max(start.others, trace.others);
    for (const std::uint32_t number : trace.calls)
      start.calls[record::name_of_call(number, record::Abi::native, machine_architecture()).name] = false;
  }
  return start;
}

Result<bool> starts_without(Bundle& bundle, const std::string& runtime, bool filter_last, const std::string& call) {
  for (int round = 0; round < kTries; ++round) {
    SHIM_TRY(const record::StartTrace trace, bundle.start(runtime, filter_last, call));
    if (!trace.has_started) return false;
  }
  return true;
}

Result<MeasuredStart> measure(Bundle& bundle, const std::string& runtime, bool filter_last) {
  SHIM_TRY(MeasuredStart start, look(bundle, runtime, filter_last));
  for (auto& [call, is_needed] : start.calls) {
    SHIM_TRY(const bool starts, starts_without(bundle, runtime, filter_last, call));
    is_needed = !starts;
  }
  return start;
}

Result<Calibrated> calibrate(Bundle& bundle, const runtime::LowLevel& low_level) {
  const runtime::NamedRuntime named = runtime::name_runtime(low_level);
  Calibrated made{
      .runtime = named.name, .version = named.version, .architecture = machine_architecture(), .last = {}, .early = {}};
  SHIM_TRY(made.last, measure(bundle, low_level.path, true));
  SHIM_TRY(made.early, measure(bundle, low_level.path, false));
  return made;
}

// --- which, and where to --------------------------------------------------------------------

// Those that were named must be there; of the others, those that are.
Result<std::vector<runtime::LowLevel>> runtimes_of(const Given& given, const std::string& runward) {
  std::vector<std::string> names = given.values("runtime");
  const bool is_asked = !names.empty();
  if (!is_asked) {
    SHIM_TRY(const policy::Config config, policy::load_config(config_dir(given)));
    names = {config.runtime, "runc", "crun"};
  }
  std::vector<runtime::LowLevel> found;
  for (const std::string& name : names) {
    const auto runtime = runtime::find_low_level(name, search_path(), runward);
    if (!runtime && is_asked) return runtime.error();
    if (runtime && std::ranges::find(found, runtime->path, &runtime::LowLevel::path) == found.end())
      found.push_back(*runtime);
  }
  if (found.empty()) return make_error(ErrorKind::io, "there is no low-level runtime on this machine");
  return found;
}

void put(Calibrated made, Calibration& all) {
  std::erase_if(all, [&](const Calibrated& each) {
    return each.runtime == made.runtime && each.version == made.version && each.architecture == made.architecture;
  });
  all.insert(all.begin(), std::move(made));
}

void tell(const Calibrated& made) {
  Table table;
  table.header = {made.runtime + " " + made.version, "calls", "of them, without which nothing starts"};
  const auto row = [&](const std::string& title, const MeasuredStart& start) {
    std::string calls, needed;
    for (const auto& [call, is_needed] : start.calls) {
      calls.append(calls.empty() ? "" : " ").append(call);
      if (is_needed) needed.append(needed.empty() ? "" : " ").append(call);
    }
    table.rows.push_back({title, std::to_string(start.calls.size()) + ": " + calls, needed});
  };
  row("with no_new_privs", made.last);
  row("without", made.early);
  print(render(table));
}

}  // namespace

Result<Calibration> read_calibration(const std::string& path) {
  if (!file_exists(path)) return Calibration();
  SHIM_TRY(const std::string text, read_file(path, profiles::kMaxCalibrationBytes));
  return profiles::parse_calibration(text, path);
}

Result<int> run_profile_calibrate(const Given& given) {
  if (::geteuid() != 0) return make_error(ErrorKind::usage, "calibrate starts containers: it needs root");
  const fs::path path = fs::absolute(given.value("output").value_or(calibration_file()));
  SHIM_TRY(const fs::path program, find_runward(given, ""));
  SHIM_TRY(const auto runtimes, runtimes_of(given, program));
  SHIM_TRY(Calibration all, read_calibration(path));
  doctor::Interruption interruption;
  SHIM_TRY(Bundle bundle, Bundle::make(program, interruption));
  for (const runtime::LowLevel& runtime : runtimes) {
    complain("starting containers with " + runtime.path + ", for half a minute or so");
    Result<Calibrated> made = calibrate(bundle, runtime);
    if (!made && (given.has("runtime") || interruption.signal() != 0)) return made.error();
    if (!made) {
      complain(made.error().message + ", continuing");
      continue;
    }
    tell(*made);
    put(*std::move(made), all);
  }
  if (all.empty()) return make_error(ErrorKind::io, "no runtime was measured");
  SHIM_TRY(const UniqueFd folder, open_directory(path.parent_path()));
  SHIM_CHECK(replace_file(folder, path.filename(), profiles::print_calibration(all), 0644));
  print("kept in " + printable(path.native()) + "\n");
  return kExitOk;
}

}  // namespace runward::ctl

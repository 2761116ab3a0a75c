// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/profile_verify.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>

#include "profiles/audit/listener.h"
#include "profiles/generator/generate.h"
#include "profiles/verify/patch.h"
#include "shim/base/file.h"
#include "shim/ctl/container_processes.h"
#include "shim/ctl/denial_list.h"
#include "shim/ctl/docker_run.h"
#include "shim/ctl/doctor/spawn.h"
#include "shim/ctl/profile_folder.h"
#include "shim/ctl/table.h"
#include "shim/ctl/verification_place.h"

namespace runward::ctl {
namespace {

namespace audit = profiles::audit;
using audit::Record;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kTick(100);

// --- what was denied ------------------------------------------------------------------------

// The records of the container, out of all that the host makes.
class Findings {
 public:
  Findings(const VerificationPlace& place, std::string label) : place_(place), label_(std::move(label)) {}

  void take(const audit::Batch& batch) {
    has_lost_ = has_lost_ || batch.lost;
    unreadable_ += batch.unreadable;
    for (const Record& record : batch.records) take(record);
  }

  void lose() { has_lost_ = true; }

  [[nodiscard]] const SeenDenials& denials() const { return denials_; }
  [[nodiscard]] bool has_lost() const { return has_lost_; }
  [[nodiscard]] std::uint64_t unreadable() const { return unreadable_; }
  [[nodiscard]] std::uint64_t unclear() const { return unclear_; }  // whose process had ended before it was looked at

 private:
  enum class Whose { ours, others, unclear };

  void take(const Record& record) {
    if (!tells_of_refusal(record)) return;
    const Whose whose = whose_is(record);
    if (whose == Whose::ours) add(record, audit::describe(record, label_), denials_);
    if (whose == Whose::unclear) ++unclear_;
  }

  // What stays refused is what the profile `record` refuses as well, and what is answered with ENOSYS.
  static bool tells_of_refusal(const Record& record) {
    const auto* const call = std::get_if<audit::FilteredCall>(&record.what);
    return call == nullptr || call->action != SECCOMP_RET_ERRNO;
  }

  Whose whose_is(const Record& record) {
    const bool has_label = !place_.apparmor().empty();
    if (has_label && audit::profile_in(record.label) == place_.apparmor()) return Whose::ours;
    if (std::holds_alternative<audit::RefusedAccess>(record.what)) return Whose::others;
    if (record.session && !sessions_.contains(*record.session)) sessions_ = place_.sessions();
    if (record.session && sessions_.contains(*record.session)) return Whose::ours;
    if (!sessions_.empty() || !place_.container()) return Whose::others;
    sessions_ = place_.sessions();
    if (!sessions_.empty()) return Whose::others;
    const ProcessOwner owner = owner_of(record.pid, record.time_ms, record.user);
    if (owner.owner == Owner::unknown) return Whose::unclear;
    return owner.container == place_.container() ? Whose::ours : Whose::others;
  }

  const VerificationPlace& place_;
  std::string label_;
  std::set<std::uint32_t> sessions_;
  SeenDenials denials_;
  std::uint64_t unreadable_ = 0;
  std::uint64_t unclear_ = 0;
  bool has_lost_ = false;
};

// --- the run --------------------------------------------------------------------------------

// `docker --host …` of `docker --host … run …`
std::vector<std::string> engine_of(const std::vector<std::string>& argv) {
  return {argv.begin(), std::find(argv.begin(), argv.end(), "run")};
}

class Run {
 public:
  Run(RecordedCall call, std::optional<std::chrono::seconds> limit, audit::Listener listener, Findings& findings,
      const VerificationPlace& place)
      : call_(std::move(call)), limit_(limit), listener_(std::move(listener)), findings_(findings), place_(place) {}

  // The exit code of `docker run`; the container has ended too, and all of its records were read.
  Result<int> run() {
    const std::optional<std::uint32_t> lost_before = audit::lost_records();
    SHIM_CHECK(read_up_to_now());
    SHIM_TRY(DockerCall docker, DockerCall::start(call_.argv));
    SHIM_TRY(const int code, wait_for_end(docker));
    has_started_ = (has_started_ || !place_.sessions().empty()) && !says_not_started(code);
    SHIM_CHECK(read_up_to_now());
    if (audit::lost_records() != lost_before) findings_.lose();
    return code;
  }

  [[nodiscard]] bool has_started() const { return has_started_; }
  // By --for or ^C: whoever called us.
  [[nodiscard]] bool was_ended() const { return is_stopped_ || was_interrupted_; }

 private:
  // Of `docker run`: its own failure, a command that can't be executed, one that is not there. A container may end with
  // these too; what then is not a pass must not have been one.
  static bool says_not_started(int code) { return code >= 125 && code <= 127; }

  Status read_up_to_now() {
    return audit::read_up_to_now(listener_, [&](const audit::Batch& batch) { findings_.take(batch); });
  }

  // For a tick at most.
  void listen(const doctor::Interruption& interruption) {
    std::array<pollfd, 2> wait = {pollfd{.fd = listener_.fd(), .events = POLLIN, .revents = 0},
                                  pollfd{.fd = interruption.fd(), .events = POLLIN, .revents = 0}};
    ::poll(wait.data(), wait.size(), static_cast<int>(kTick.count()));
    findings_.take(listener_.read());
  }

  Result<int> wait_for_end(DockerCall& docker) {
    const doctor::Interruption interruption;
    const auto begin = Clock::now();
    for (;;) {
      listen(interruption);
      look_for_container();
      const auto code = docker.ended();
      if (was_interrupted(interruption)) interrupted(code.has_value());
      if (limit_ && Clock::now() - begin > *limit_) stop();
      if (code && !is_running()) return *code;
    }
  }

  void look_for_container() {
    if (first_) return;
    const auto id = place_.container();
    const auto pid = id ? first_process(*id) : std::nullopt;
    if (!pid) return;
    first_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
    has_started_ = true;
  }

  [[nodiscard]] bool is_running() const {
    pollfd end{.fd = first_.get(), .events = POLLIN, .revents = 0};
    return first_ && ::poll(&end, 1, 0) == 0;
  }

  static bool was_interrupted(const doctor::Interruption& interruption) {
    std::array<char, 128> discarded{};
    bool was = false;
    while (::read(interruption.fd(), discarded.data(), discarded.size()) > 0) was = true;
    return was;
  }

  // The first goes to the container as well, by way of `docker run`, if that runs.
  void interrupted(bool docker_has_ended) {
    const bool ends_container = !docker_has_ended && !was_interrupted_;
    was_interrupted_ = true;
    if (ends_container) return complain("waiting for the container to end; ^C again stops it");
    stop();
  }

  void stop() {
    constexpr std::chrono::seconds kPatience(60);
    const auto id = place_.container();
    if (is_stopped_ || !id) return;
    is_stopped_ = true;
    auto argv = engine_of(call_.argv);
    argv.insert(argv.end(), {"stop", *id});
    if (const auto stopped = doctor::run_program(argv, kPatience); !stopped) complain(stopped.error().message);
  }

  RecordedCall call_;
  std::optional<std::chrono::seconds> limit_;
  audit::Listener listener_;
  Findings& findings_;
  const VerificationPlace& place_;
  UniqueFd first_;  // pidfd_open(2)
  bool has_started_ = false;
  bool was_interrupted_ = false;
  bool is_stopped_ = false;
};

// --- the verdict ----------------------------------------------------------------------------

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

struct Missing {
  std::set<std::string> calls;
  std::set<apparmor::Rule> rules;
};

Missing missing_in(const SeenDenials& denials) {
  Missing missing;
  for (const auto& [seen, count] : denials) {
    if (!seen.denial.call.empty()) missing.calls.insert(seen.denial.call);
    if (seen.denial.rule) missing.rules.insert(*seen.denial.rule);
  }
  return missing;
}

template <typename Change, typename Things>
std::string patch_of(const TriedProfile& profile, std::string_view file, const Things& things, Change change) {
  constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;
  if (things.empty()) return "";
  const std::string path = profile.folder + "/" + std::string(file);
  const auto text =
      profile.folder.empty() || !file_exists(path)
          ? Result<std::string>(make_error(ErrorKind::io, "the profile has no '" + std::string(file) + "' of its own"))
          : read_file(path, kMaxBytes);
  if (!text) {
    complain(text.error().message + ", so there is no patch for it");
    return "";
  }
  const auto changed = change(*text, things);
  if (changed) return profiles::unified_diff(file, *text, *changed);
  complain("'" + path + "' can't be changed without its author, so there is no patch for it");
  return "";
}

std::string patch_for(const TriedProfile& profile, const SeenDenials& denials) {
  const Missing missing = missing_in(denials);
  return patch_of(profile, profiles::kSeccompFile, missing.calls, profiles::allow_calls) +
         patch_of(profile, profiles::kApparmorFile, missing.rules, profiles::add_rules);
}

Status give_patch(const Given& given, const std::string& patch) {
  const auto output = given.value("output");
  if (!output || patch.empty()) return print(patch), ok();
  const UniqueFd file(::open(output->c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return errno_error("open", *output);
  return write_all(file.get(), patch, *output);
}

Result<int> judge(const Given& given, const TriedProfile& profile, const Findings& findings, bool is_whole) {
  const std::string& name = profile.loaded.name;
  const SeenDenials& denials = findings.denials();
  if (findings.has_lost()) complain("records were lost, so this run proves nothing: run it again");
  if (findings.unreadable() != 0)
    complain(std::to_string(findings.unreadable()) + " records can't be read, and may be the container's");
  if (findings.unclear() != 0)
    complain(std::to_string(findings.unclear()) +
             " records are of processes that ended too soon to tell whose they were");
  const bool is_certain = is_whole && !findings.has_lost() && findings.unreadable() == 0 && findings.unclear() == 0;
  if (denials.empty()) {
    if (is_certain) print("pass: profile '" + name + "' refused nothing\n");
    return is_certain ? kExitOk : kExitProblem;
  }
  print(std::to_string(denials.size()) + (denials.size() == 1 ? " denial" : " denials") + " by profile '" + name +
        "':\n");
  for (const auto& [seen, count] : denials)
    print(describe(
        seen, count,
        std::string(seen.denial.layer == audit::Layer::seccomp ? profiles::kSeccompFile : profiles::kApparmorFile)));
  SHIM_CHECK(give_patch(given, patch_for(profile, denials)));
  return kExitProblem;
}

}  // namespace

Result<int> run_profile_verify(const Given& given) {
  const auto& arguments = given.arguments();
  if (arguments.empty()) return make_error(ErrorKind::usage, "the profile is missing");
  const auto duration = given.value("for");
  const auto limit = duration ? parse_duration(*duration) : std::nullopt;
  if (duration && !limit) return make_error(ErrorKind::usage, "--for takes a duration such as 90, 90s, 5m or 2h");
  SHIM_TRY(const TriedProfile profile, find_tried_profile(config_dir(given), without_slash(arguments[0])));
  SHIM_TRY(VerificationPlace place, VerificationPlace::make(profile));
  SHIM_TRY(RecordedCall call, recorded_call({arguments.begin() + 1, arguments.end()},
                                            given.value("runtime").value_or(kVerifyingRuntime), place.id_file()));
  if (call.id_file != place.id_file()) return make_error(ErrorKind::usage, "verify needs --cidfile for itself");
  const std::string label = profile.loaded.apparmor ? profile.loaded.apparmor->name : "";
  SHIM_CHECK(audit::check_that_losses_are_told());
  SHIM_TRY(audit::Listener listener, audit::Listener::open());
  SHIM_CHECK(place.guard(engine_of(call.argv)));
  Findings findings(place, label);
  Run run(std::move(call), limit, std::move(listener), findings, place);
  SHIM_TRY(const int code, run.run());
  place.end();
  if (!run.has_started()) return make_error(ErrorKind::io, "nothing was verified: no container was started");
  const bool is_whole = code == 0 || run.was_ended();
  if (!is_whole)
    complain("`docker run` ended with code " + std::to_string(code) +
             ", so it may have been cut short: end it by ^C or --for, or let it end with 0");
  return judge(given, profile, findings, is_whole);
}

}  // namespace runward::ctl

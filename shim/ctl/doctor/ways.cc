// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/doctor/ways.h"

#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "shim/base/file.h"
#include "shim/ctl/doctor/report.h"
#include "shim/ctl/doctor/workshop.h"
#include "shim/harden/amount.h"

namespace runward::ctl::doctor {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;
constexpr std::string_view kOurs = "runward";  // stands for the name under which runward is registered
constexpr std::string_view kEnginesOwn{};      // no --runtime at all
constexpr std::string_view kSocketMount = "--volume";

// A docker run each.
struct RunTrial {
  Way way;
  std::string_view runtime;
  std::string_view flag;
};
constexpr std::array kRunTrials = {
    RunTrial{Way::through_runward, kOurs, ""},
    RunTrial{Way::runtime_runc, "runc", ""},
    RunTrial{Way::runtime_shim, "io.containerd.runc.v2", ""},
    RunTrial{Way::default_runtime, kEnginesOwn, ""},
    RunTrial{Way::privileged, kOurs, "--privileged"},
    RunTrial{Way::host_namespaces, kOurs, "--pid=host"},
    RunTrial{Way::host_namespaces, kOurs, "--network=host"},
    RunTrial{Way::host_namespaces, kOurs, "--ipc=host"},
    RunTrial{Way::host_namespaces, kOurs, "--uts=host"},
    RunTrial{Way::engine_socket, kOurs, kSocketMount},
};

// A docker exec each, into a container that runward hardened.
struct ExecTrial {
  Way way;
  std::string_view flag;
};
constexpr std::array kExecTrials = {ExecTrial{Way::exec, ""}, ExecTrial{Way::exec_privileged, "--privileged"}};

// A docker update each, above the policy's ceiling.
struct UpdateTrial {
  std::string_view flag;
  const char* controller;
  const char* file_v1;
  const char* file_v2;
  policy::RuleId rule;
  policy::Limit policy::Policy::*limit;
};
constexpr std::array kUpdateTrials = {
    UpdateTrial{"--pids-limit", "pids", "pids.max", "pids.max", policy::RuleId::pids, &policy::Policy::pids},
    UpdateTrial{"--memory", "memory", "memory.limit_in_bytes", "memory.max", policy::RuleId::memory,
                &policy::Policy::memory},
};

std::map<std::string, std::string> host_namespaces(const Docker& docker) {
  const std::string folder = docker.daemon ? "/proc/" + std::to_string(docker.daemon->pid) + "/ns/" : "/proc/self/ns/";
  std::map<std::string, std::string> links;
  for (const std::string_view name : kNamespaceNames) {
    std::error_code error;
    const auto link = std::filesystem::read_symlink(folder + std::string(name), error);
    if (!error) links.emplace(name, link);
  }
  return links;
}

std::uint64_t host_memory() {
  struct sysinfo info {};
  return ::sysinfo(&info) == 0 ? static_cast<std::uint64_t>(info.totalram) * info.mem_unit : 0;
}

// The cgroup of a process, from the host: "8:pids:/docker/<id>", or "0::/docker/<id>" of version 2.
Result<std::string> read_limit(pid_t pid, const UpdateTrial& trial) {
  SHIM_TRY(const std::string text, read_file("/proc/" + std::to_string(pid) + "/cgroup", kMaxBytes));
  const std::string v1 = ":" + std::string(trial.controller) + ":";
  std::istringstream lines(text);
  std::string unified;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(v1);
    if (at != std::string::npos)
      return read_file(
          "/sys/fs/cgroup/" + std::string(trial.controller) + line.substr(at + v1.size()) + "/" + trial.file_v1,
          kMaxBytes);
    if (line.starts_with("0::")) unified = line.substr(3);
  }
  return read_file("/sys/fs/cgroup" + unified + "/" + trial.file_v2, kMaxBytes);
}

class Trials {
 public:
  Trials(const WaysInput& input, Interruption& interruption)
      : input_(input), workshop_(input.docker, interruption), host_(host_namespaces(input.docker)) {}

  WaysFacts go(Interruption& interruption) {
    facts_.promise = promise_of(input_.policy);
    const auto image = workshop_.image(input_.image);
    if (!image) {
      facts_.problem = image.error().message;
      return std::move(facts_);
    }
    facts_.tried = true;
    image_ = *image;
    for (const RunTrial& trial : kRunTrials)
      if (!interruption.seen()) try_run(trial);
    if (!interruption.seen()) try_in_container();
    if (!interruption.seen()) try_ctr();
    return std::move(facts_);
  }

 private:
  void add(Way way, std::string command, Result<Outcome> outcome) {
    facts_.attempts.push_back({.way = way, .command = std::move(command), .outcome = std::move(outcome)});
  }

  Result<Outcome> seen_in(const Result<Ran>& ran) {
    if (!ran) return ran.error();
    Outcome outcome{.exit_code = ran->exit_code, .errors = ran->errors, .seen = {}, .limit = {}};
    outcome.seen = parse_report(ran->output, host_);
    if (!outcome.seen) outcome.errors += ran->output;  // where `docker exec` prints a runtime's refusal
    return outcome;
  }

  // The flags that make a trial what it is; what every container of doctor's has beside them is of no interest.
  std::vector<std::string> flags_of(const RunTrial& trial) {
    std::vector<std::string> flags;
    if (trial.runtime == kOurs) flags.push_back("--runtime=" + input_.runtime);
    if (trial.runtime != kOurs && trial.runtime != kEnginesOwn)
      flags.push_back("--runtime=" + std::string(trial.runtime));
    if (trial.flag == kSocketMount) {
      flags.push_back("--volume=" + input_.docker.socket() + ":" + kSocketInside);
    } else if (!trial.flag.empty()) {
      flags.emplace_back(trial.flag);
    }
    return flags;
  }

  void try_run(const RunTrial& trial) {
    const std::vector<std::string> flags = flags_of(trial);
    std::string command = "docker run";
    for (const std::string& flag : flags) command += " " + flag;
    if (trial.runtime == kOurs && input_.runtime.empty())
      return add(trial.way, command, make_error(ErrorKind::unsupported, "runward is not registered with this engine"));
    std::vector<std::string> run = {"run", "--rm", "--entrypoint=sh"};
    for (const std::string& flag : workshop_.container_flags()) run.push_back(flag);
    if (!trial.flag.starts_with("--network")) run.emplace_back("--network=none");
    run.insert(run.end(), flags.begin(), flags.end());
    run.insert(run.end(), {image_, "-c", report_script()});
    add(trial.way, std::move(command), seen_in(workshop_.docker(run)));
  }

  Result<std::string> start_container() {
    if (input_.runtime.empty()) return make_error(ErrorKind::unsupported, "runward is not registered with this engine");
    std::vector<std::string> run = {"run", "--detach", "--network=none", "--entrypoint=sleep",
                                    "--runtime=" + input_.runtime};
    for (const std::string& flag : workshop_.container_flags()) run.push_back(flag);
    run.insert(run.end(), {image_, "600"});  // ends by itself if even its removal fails
    SHIM_TRY(const Ran ran, workshop_.docker(run));
    if (ran.exit_code != 0) return make_error(ErrorKind::io, "no container to try it on: " + ran.errors);
    return ran.output.substr(0, ran.output.find('\n'));
  }

  void try_in_container() {
    const auto id = start_container();
    for (const ExecTrial& trial : kExecTrials) {
      std::string command = "docker exec" + std::string(trial.flag.empty() ? "" : " ") + std::string(trial.flag);
      add(trial.way, std::move(command), id ? try_exec(*id, trial) : id.error());
    }
    for (const UpdateTrial& trial : kUpdateTrials) {
      const policy::Limit& limit = input_.policy.*trial.limit;
      if (input_.policy.rule(trial.rule).mode != policy::Mode::enforce || !limit.ceiling) continue;
      const std::uint64_t ceiling = harden::on_host(*limit.ceiling, host_memory());
      const std::string asked = std::to_string(ceiling * 2);
      add(Way::update, "docker update " + std::string(trial.flag) + " " + asked,
          id ? try_update(*id, trial, asked, ceiling) : id.error());
    }
  }

  Result<Outcome> try_exec(const std::string& id, const ExecTrial& trial) {
    std::vector<std::string> exec = {"exec"};
    if (!trial.flag.empty()) exec.emplace_back(trial.flag);
    exec.insert(exec.end(), {id, "sh", "-c", report_script()});
    return seen_in(workshop_.docker(exec));
  }

  Result<Outcome> try_update(const std::string& id, const UpdateTrial& trial, const std::string& asked,
                             std::uint64_t ceiling) {
    std::vector<std::string> update = {"update", std::string(trial.flag), asked};
    // Docker wants memory to be no more than memory and swap together, and drops a swap of -1 from an update.
    if (trial.flag == "--memory") update.insert(update.end(), {"--memory-swap", asked});
    update.push_back(id);
    SHIM_TRY(const Ran ran, workshop_.docker(update));
    Outcome outcome{.exit_code = ran.exit_code, .errors = ran.errors, .seen = {}, .limit = {}};
    if (ran.exit_code != 0) return outcome;
    SHIM_TRY(const pid_t pid, pid_of(id));
    SHIM_TRY(std::string value, read_limit(pid, trial));
    value.erase(value.find_last_not_of('\n') + 1);
    outcome.limit = LimitSeen{.file = std::string(trial.controller) + " limit", .value = value, .ceiling = ceiling};
    return outcome;
  }

  Result<pid_t> pid_of(const std::string& id) {
    SHIM_TRY(const Ran ran, workshop_.docker({"inspect", "--format", "{{.State.Pid}}", id}));
    pid_t pid = 0;
    std::from_chars(ran.output.data(), ran.output.data() + ran.output.size(), pid);
    if (pid > 1) return pid;
    return make_error(ErrorKind::io, "the container's process was not found");
  }

  void try_ctr() {
    if (workshop_.rootfs().empty())
      return add(
          Way::ctr, "ctr run",
          make_error(ErrorKind::unsupported, "it needs a folder, made of a static busybox, and this host has none"));
    add(Way::ctr, "ctr run",
        seen_in(workshop_.ctr(
            {"run", "--rm", "--rootfs", workshop_.rootfs(), workshop_.name(), "/bin/sh", "-c", report_script()})));
  }

  const WaysInput& input_;
  Workshop workshop_;
  std::map<std::string, std::string> host_;
  std::string image_;
  WaysFacts facts_;
};

}  // namespace

WaysFacts try_ways(const WaysInput& input, Interruption& interruption) {
  WaysFacts none;
  if (input.docker.problem) none.problem = input.docker.problem;
  if (input.docker.socket().empty()) none.problem = "'" + input.docker.host + "' is not on this host";
  if (::geteuid() != 0) none.problem = "only root can";
  if (none.problem) return none;
  return Trials(input, interruption).go(interruption);
}

}  // namespace runward::ctl::doctor

// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/grammar.h"

#include <algorithm>

namespace runward::runtime {
namespace {

constexpr Option kHelp{.name = "help", .alias = "h"};
constexpr Option kBundle{.name = "bundle", .alias = "b", .takes = Takes::value};
constexpr Option kConsoleSocket{.name = "console-socket", .takes = Takes::value};
constexpr Option kPidfdSocket{.name = "pidfd-socket", .takes = Takes::value, .since = "1.2"};
constexpr Option kPidFile{.name = "pid-file", .takes = Takes::value};
constexpr Option kPreserveFds{.name = "preserve-fds", .takes = Takes::value};
constexpr Option kDetach{.name = "detach", .alias = "d"};
constexpr Option kNoPivot{.name = "no-pivot"};
constexpr Option kNoNewKeyring{.name = "no-new-keyring"};
constexpr Option kNoSubreaper{.name = "no-subreaper"};
constexpr Option kFormat{.name = "format", .alias = "f", .takes = Takes::value};

constexpr std::array kGlobal = {
    Option{.name = "debug"},
    Option{.name = "log", .takes = Takes::value},
    Option{.name = "log-format", .takes = Takes::value},
    Option{.name = "root", .takes = Takes::value},
    Option{.name = "criu", .takes = Takes::value},  // hidden and without effect since 1.2
    Option{.name = "systemd-cgroup"},
    Option{.name = "rootless", .takes = Takes::value},
    kHelp,
    Option{.name = "version", .alias = "v"},
    // Known so that their value is never taken for the command: `crun --log-level debug create …`.
    Option{.name = "cgroup-manager", .takes = Takes::value, .since = "crun"},
    Option{.name = "log-level", .takes = Takes::value, .since = "crun"},
};

// crun's `--config FILE` and `--no-subreaper` of `create` are left out on purpose: the first names another document
// than the one that we harden, and no engine sends either.
constexpr std::array kCreate = {
    kBundle, kConsoleSocket, kPidfdSocket, kPidFile, kNoPivot, kNoNewKeyring, kPreserveFds,
};

constexpr std::array kRun = {
    kBundle,  kConsoleSocket, kPidfdSocket, kDetach,       Option{.name = "keep"},
    kPidFile, kNoSubreaper,   kNoPivot,     kNoNewKeyring, kPreserveFds,
};

constexpr std::array kRestore = {
    kConsoleSocket,
    Option{.name = "image-path", .takes = Takes::value},
    Option{.name = "work-path", .takes = Takes::value},
    Option{.name = "tcp-established"},
    Option{.name = "ext-unix-sk"},
    Option{.name = "shell-job"},
    Option{.name = "file-locks"},
    Option{.name = "manage-cgroups-mode", .takes = Takes::value},
    kBundle,
    kDetach,
    kPidFile,
    kNoSubreaper,
    kNoPivot,
    Option{.name = "empty-ns", .takes = Takes::value},
    Option{.name = "auto-dedup"},
    Option{.name = "lazy-pages"},
    Option{.name = "lsm-profile", .takes = Takes::value},
    Option{.name = "lsm-mount-context", .takes = Takes::value},
};

constexpr std::array kExec = {
    kConsoleSocket,
    kPidfdSocket,
    Option{.name = "cwd", .takes = Takes::value},
    Option{.name = "env", .alias = "e", .takes = Takes::value},
    Option{.name = "tty", .alias = "t"},
    Option{.name = "user", .alias = "u", .takes = Takes::value},
    Option{.name = "additional-gids", .alias = "g", .takes = Takes::value},
    Option{.name = "process", .alias = "p", .takes = Takes::value},
    kDetach,
    kPidFile,
    Option{.name = "process-label", .takes = Takes::value},
    Option{.name = "apparmor", .takes = Takes::value},
    Option{.name = "no-new-privs"},
    Option{.name = "cap", .alias = "c", .takes = Takes::value},
    kPreserveFds,
    Option{.name = "cgroup", .takes = Takes::value},
    Option{.name = "ignore-paused"},
};

constexpr std::array kUpdate = {
    Option{.name = "resources", .alias = "r", .takes = Takes::value},
    Option{.name = "blkio-weight", .takes = Takes::value},
    Option{.name = "cpu-period", .takes = Takes::value},
    Option{.name = "cpu-quota", .takes = Takes::value},
    Option{.name = "cpu-burst", .takes = Takes::value, .since = "1.2"},
    Option{.name = "cpu-share", .takes = Takes::value},
    Option{.name = "cpu-rt-period", .takes = Takes::value},
    Option{.name = "cpu-rt-runtime", .takes = Takes::value},
    Option{.name = "cpuset-cpus", .takes = Takes::value},
    Option{.name = "cpuset-mems", .takes = Takes::value},
    Option{.name = "cpu-idle", .takes = Takes::value, .since = "1.2"},
    Option{.name = "kernel-memory", .takes = Takes::value},      // hidden, without effect
    Option{.name = "kernel-memory-tcp", .takes = Takes::value},  // hidden, without effect
    Option{.name = "memory", .takes = Takes::value},
    Option{.name = "memory-reservation", .takes = Takes::value},
    Option{.name = "memory-swap", .takes = Takes::value},
    Option{.name = "pids-limit", .takes = Takes::value},
    Option{.name = "l3-cache-schema", .takes = Takes::value},
    Option{.name = "mem-bw-schema", .takes = Takes::value},
};

constexpr std::array kCheckpoint = {
    Option{.name = "image-path", .takes = Takes::value},
    Option{.name = "work-path", .takes = Takes::value},
    Option{.name = "parent-path", .takes = Takes::value},
    Option{.name = "leave-running"},
    Option{.name = "tcp-established"},
    Option{.name = "tcp-skip-in-flight", .since = "1.3"},
    Option{.name = "link-remap", .since = "1.3"},
    Option{.name = "ext-unix-sk"},
    Option{.name = "shell-job"},
    Option{.name = "lazy-pages"},
    Option{.name = "status-fd", .takes = Takes::value},
    Option{.name = "page-server", .takes = Takes::value},
    Option{.name = "file-locks"},
    Option{.name = "pre-dump"},
    Option{.name = "manage-cgroups-mode", .takes = Takes::value},
    Option{.name = "empty-ns", .takes = Takes::value},
    Option{.name = "auto-dedup"},
};

constexpr std::array kKill = {Option{.name = "all", .alias = "a"}};
constexpr std::array kDelete = {Option{.name = "force", .alias = "f"}};
constexpr std::array kList = {kFormat, Option{.name = "quiet", .alias = "q"}};
constexpr std::array kPs = {kFormat};
constexpr std::array kEvents = {Option{.name = "interval", .takes = Takes::value}, Option{.name = "stats"}};
constexpr std::array kSpec = {kBundle, Option{.name = "rootless"}};

constexpr std::array kCommands = {
    CommandGrammar{Command::create, "create", {}, kCreate, 1, 1},
    CommandGrammar{Command::run, "run", {}, kRun, 1, 1},
    CommandGrammar{Command::restore, "restore", {}, kRestore, 1, 1},
    CommandGrammar{Command::exec, "exec", {}, kExec, 1},
    CommandGrammar{Command::update, "update", {}, kUpdate, 1, 1},
    CommandGrammar{Command::start, "start"},
    CommandGrammar{Command::state, "state"},
    CommandGrammar{Command::kill, "kill", {}, kKill},
    CommandGrammar{Command::remove, "delete", {}, kDelete},
    CommandGrammar{Command::list, "list", {}, kList},
    CommandGrammar{Command::ps, "ps", {}, kPs},
    CommandGrammar{Command::pause, "pause"},
    CommandGrammar{Command::resume, "resume"},
    CommandGrammar{Command::events, "events", {}, kEvents},
    CommandGrammar{Command::checkpoint, "checkpoint", {}, kCheckpoint, 1, 1},
    CommandGrammar{Command::spec, "spec", {}, kSpec},
    CommandGrammar{Command::features, "features"},
    CommandGrammar{Command::init, "init"},
    CommandGrammar{Command::help, "help", "h"},
};

template <typename Row>
bool is_called(const Row& row, std::string_view name) {
  return row.name == name || (!row.alias.empty() && row.alias == name);
}

}  // namespace

std::span<const Option> global_options() { return kGlobal; }

std::span<const CommandGrammar> commands() { return kCommands; }

const CommandGrammar* find_command(std::string_view name) {
  const auto* const found = std::ranges::find_if(kCommands, [&](const auto& row) { return is_called(row, name); });
  return found == kCommands.end() ? nullptr : found;
}

const Option* find_option(std::span<const Option> options, std::string_view name) {
  for (const Option& option : options)
    if (is_called(option, name)) return &option;
  return is_called(kHelp, name) ? &kHelp : nullptr;
}

}  // namespace runward::runtime

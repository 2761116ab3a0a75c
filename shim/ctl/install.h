// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl install`: registers runward with dockerd, under its own name (profile by the configuration), as
// <name>-strict (profile strict), as <name>-record (recorded, see profile_record.h) and as <name>-verify (a profile is
// tried out, see shim/verification.h). No runtimeArgs: dockerd makes a
// script of them that it deletes at every start, so the profile is told by the name of a link beside the program:
// runward-strict, runward-record, runward-verify.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "shim/ctl/command.h"
#include "shim/ctl/daemon_file.h"
#include "shim/ctl/dockerd.h"
#include "shim/ctl/runward_program.h"

namespace runward::ctl {

// What install and uninstall are asked for.
struct Target {
  std::string name;  // of the runtime
  std::string daemon_json;
  std::string pid_file;  // empty: as daemon.json says, else /var/run/docker.pid
  bool dry_run = false;
  bool reload = true;

  [[nodiscard]] std::vector<std::string> runtime_names() const {
    return {name, name + "-strict", name + "-record", name + "-verify"};
  }
};
Result<Target> target_of(const Given& given);

// The dockerd that reads this file, if one runs and is to be told.
std::optional<Daemon> daemon_to_tell(const Target& target, const DaemonFile& file);

Result<int> run_install(const Given& given);

inline constexpr OptionRow kNameOption{"name", "NAME", "the runtime's name (runward)"};
inline constexpr OptionRow kDaemonJsonOption{"daemon-json", "FILE",
                                             "dockerd's configuration (/etc/docker/daemon.json)"};
inline constexpr OptionRow kPidFileOption{"pid-file", "FILE", "dockerd's pid file (/var/run/docker.pid)"};
inline constexpr OptionRow kDryRunOption{"dry-run", "", "print what would change, and change nothing"};
inline constexpr OptionRow kNoReloadOption{"no-reload", "", "leave a running dockerd alone"};

inline constexpr std::array kInstallOptions = {
    OptionRow{"default", "", "make it the default runtime"},
    OptionRow{"strict", "", "with --default: make NAME-strict the default runtime"},
    kNameOption,
    kRuntimePathOption,
    kDaemonJsonOption,
    kPidFileOption,
    kDryRunOption,
    kNoReloadOption,
    kConfigDirOption,
};
inline constexpr Command kInstallCommand{.name = "install",
                                         .summary = "register runward with Docker",
                                         .argument = "",
                                         .options = kInstallOptions,
                                         .run = &run_install};

}  // namespace runward::ctl

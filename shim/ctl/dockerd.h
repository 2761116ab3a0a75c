// SPDX-License-Identifier: Apache-2.0
#pragma once

// The running dockerd: which one it is, whether it can take a daemon.json, and telling it to read it again.

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shim/base/result.h"

namespace runward::ctl {

struct Daemon {
  pid_t pid = 0;
  std::vector<std::string> command_line;

  // The value of `--name value` or `--name=value`.
  [[nodiscard]] std::optional<std::string> option(std::string_view name) const;
};

// The process that has this pid now, if it is a dockerd.
std::optional<Daemon> daemon_of(pid_t pid);

// The process that a pid file names, if it runs and is a dockerd.
std::optional<Daemon> find_daemon(const std::string& pid_file);

// dockerd does not start when an option stands both in daemon.json and on its command line.
Status check_flags(const Daemon& daemon, bool sets_default_runtime);

// Whether this file is the one that it reads.
bool reads(const Daemon& daemon, const std::string& daemon_json);

// SIGHUP: dockerd then reads `runtimes` and `default-runtime` again. Comes back when it has opened and closed the file.
Status reload(const Daemon& daemon, const std::string& daemon_json);

// `dockerd --validate`, which Docker 23 and newer have. False: not asked, there is no such dockerd.
Result<bool> validate(std::string_view daemon_json);

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a person learns why a container did not start: one line in the engine's --log file, and one on stderr.
//
//   if (!outcome) return report_error(find_log(argv), outcome.error().message), 1;
//
// containerd shows the last `{"level":"error","msg":…,"time":…}` of the file, Podman unmarshals the whole file once,
// and all later execs share it: so nothing is ever written there but one line for one refusal (go-runc io and error
// handling in containerd's pkg/process/utils.go; runc writes the same form with logrus).

#include <array>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace runward::runtime {

enum class LogFormat : std::uint8_t { text, json };

struct LogTarget {
  std::string path;  // empty: stderr only
  LogFormat format = LogFormat::text;
};

// Words that make Docker, containerd or Podman blame the container's command, change the exit code or take the
// container for gone (moby daemon/start.go and errors.go; containerd pkg/process/utils.go; Podman libpod/oci_util.go).
// No message of ours may hold one: the test of the message catalogue reads this array.
inline constexpr std::array<std::string_view, 13> kForbiddenWords = {
    "permission denied",
    "operation not permitted",
    "is a directory",
    "not a directory",
    "no such file or directory",
    "executable file not found",
    "system cannot find the file specified",
    "failed to run runc create/exec call",
    "does not exist",
    "container not running",
    "process already finished",
    "no such process",
    "no such container",
};

// Breaks up forbidden words that a name chosen by a user brought in: "permission denied" → "permission_denied".
std::string defuse(std::string message);

// One line of valid UTF-8 without control characters, of bounded length, defused, with exactly one prefix "runward: ".
std::string presentable(std::string_view message);

// The line for the --log file, with its newline.
std::string format_log_line(LogFormat format, std::string_view message, std::time_t now);

// Writes the message to the log file and to stderr. What can't be written to the file is still on stderr.
void report_error(const LogTarget& target, std::string_view message);

}  // namespace runward::runtime

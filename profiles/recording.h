// SPDX-License-Identifier: Apache-2.0
#pragma once

// Recording: what one container did while it was watched, as a plain value; everything that the profile generator
// knows. One JSON file, printed in one order and one line for each thing, so that two of them can be compared with
// `git diff`; schema: profiles/schema/recording.schema.json.
//
//   SHIM_TRY(const Recording recording, parse_recording(text, "web.json"));
//   const Calls& calls = recording.calls.at(Phase::application).at("x86_64");
//
// Never in it: values of environment variables, contents of files. Names of files and programs are the bytes that they
// are, and come from a container that may be hostile; in JSON and for people they are written by to_text (bytes.h).
// To add something: a member here, a key in recording.cc (both directions), the schema, and a line in
// recording_test.cc.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shim/base/result.h"

namespace runward::profiles {

inline constexpr std::uint64_t kRecordingVersion = 1;
inline constexpr std::size_t kMaxRecordingBytes = std::size_t{64} << 20U;

// The time of a container's life in which something happened.
enum class Phase {
  runtime_start,  // until the first program of the container, or of an exec, is executed: the runtime's own doing
  application,
  exec,      // `docker exec` and healthchecks: processes that came in from outside, and their children
  shutdown,  // since the first process was told to end (SIGTERM, SIGINT, SIGQUIT), execs left out
};
inline constexpr std::array<std::string_view, 4> kPhaseNames = {"runtime_start", "application", "exec", "shutdown"};
constexpr std::string_view name_of(Phase phase) { return kPhaseNames.at(static_cast<std::size_t>(phase)); }

// How often a call was made with these values, for the calls and arguments of kRecordedArguments.
struct ArgumentUse {
  std::vector<std::uint64_t> values;
  std::uint64_t count = 0;
  friend bool operator==(const ArgumentUse&, const ArgumentUse&) = default;
};

// Which arguments (0 is the first) are recorded of which calls. Flags are as they were given: the low byte of clone's
// is the signal that the child's end sends, socket's type has SOCK_CLOEXEC and SOCK_NONBLOCK in it.
struct RecordedArguments {
  std::string_view call;
  std::array<unsigned, 3> arguments;
  std::size_t count;
};
inline constexpr std::array kRecordedArguments = {
    RecordedArguments{"clone", {0}, 1},         // flags
    RecordedArguments{"socket", {0, 1, 2}, 3},  // domain, type, protocol
    RecordedArguments{"ioctl", {1}, 1},         // request
    RecordedArguments{"prctl", {0}, 1},         // option
    RecordedArguments{"personality", {0}, 1},
};

// By whom and how often: the path of an executable inside the root filesystem, or, where only the name of the process
// is known, that name in brackets: "[worker]".
using Executables = std::map<std::string, std::uint64_t>;

struct Call {
  std::uint64_t count = 0;
  Executables executables;
  std::vector<ArgumentUse> arguments;  // sorted by their values
  friend bool operator==(const Call&, const Call&) = default;
};
using Calls = std::map<std::string, Call>;  // by name: "openat"; one that libseccomp has no name for: "#1234"

// By architecture: "x86_64", "x86" (i386), "x32", "aarch64", "arm".
using CallsByArchitecture = std::map<std::string, Calls>;

struct Use {
  std::uint64_t count = 0;
  Executables executables;
  friend bool operator==(const Use&, const Use&) = default;
};
using Capabilities = std::map<std::string, Use>;  // "CAP_CHOWN": it was asked for, and given

struct FileUse {
  bool read = false;  // opened; fanotify can't tell who opens for writing only, so what was written to has it too
  bool write = false;
  bool execute = false;
  bool map = false;  // an ELF shared object that was opened: it is taken for mapped to be executed
  bool directory = false;
  std::uint64_t count = 0;  // of events
  Executables executables;
  friend bool operator==(const FileUse&, const FileUse&) = default;
};
// Absolute path inside the root filesystem, free of symbolic links; "/proc/@{pid}/stat" stands for any process.
using Files = std::map<std::string, FileUse>;

// The writable layer of the root filesystem at the end; absolute paths inside it.
struct Upper {
  std::set<std::string> created;
  std::set<std::string> written;  // was in the image; its content, owner or mode changed
  std::set<std::string> deleted;  // was in the image
  friend bool operator==(const Upper&, const Upper&) = default;
};

struct Port {
  std::string protocol;  // "tcp", "udp"; both families
  std::uint64_t port = 0;
  friend auto operator<=>(const Port&, const Port&) = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14's error
};

struct Peaks {
  std::uint64_t memory = 0;      // bytes: anonymous and the kernel's; what can't be given back under pressure
  std::uint64_t page_cache = 0;  // bytes of files
  std::uint64_t pids = 0;        // processes and threads at one time
  std::uint64_t cpu = 0;         // thousandths of one CPU over the busiest second
  std::uint64_t cpu_time = 0;    // microseconds in all
  friend bool operator==(const Peaks&, const Peaks&) = default;
};

// Ids as the container sees them.
struct User {
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  friend auto operator<=>(const User&, const User&) = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14's error
};

// Where it was recorded.
struct Host {
  std::string kernel;        // "6.12.48"
  std::string architecture;  // as in CallsByArchitecture
  std::string runtime;       // the low-level one: "runc"
  std::string runtime_version;
  friend bool operator==(const Host&, const Host&) = default;
};

// By what the parts were recorded; empty: that part was not.
struct Mechanisms {
  std::string calls;         // "ebpf", "audit"
  std::string files;         // "fanotify"
  std::string capabilities;  // "ebpf"
  friend bool operator==(const Mechanisms&, const Mechanisms&) = default;
};

// Events that were seen and had no room. Any of it makes a recording incomplete.
struct Lost {
  std::uint64_t calls = 0;
  std::uint64_t arguments = 0;
  std::uint64_t files = 0;
  std::uint64_t capabilities = 0;
  std::uint64_t processes = 0;  // whose phase and executable could not be kept
  friend bool operator==(const Lost&, const Lost&) = default;
};

struct Recording {
  std::string name;
  std::string image;                 // as it was asked for; empty: unknown
  std::vector<std::string> command;  // of the first process, its arguments included
  Host host;
  std::string started;             // RFC 3339
  std::uint64_t milliseconds = 0;  // for how long it was watched
  Mechanisms mechanisms;
  Lost lost;
  bool complete = false;          // everything from the container's start to its end is here
  std::vector<std::string> gaps;  // why it is not complete, or what was not looked at; for people

  std::map<Phase, CallsByArchitecture> calls;
  std::map<Phase, Capabilities> capabilities;
  Files files;
  Upper upper;
  std::set<Port> ports;  // that were listened on
  Peaks peaks;
  std::set<User> users;
  friend bool operator==(const Recording&, const Recording&) = default;
};

// `name` stands in errors, with line and column, as in those of a policy file. Unknown keys are errors.
Result<Recording> parse_recording(std::string_view text, std::string_view name);
std::string print_recording(const Recording& recording);

}  // namespace runward::profiles

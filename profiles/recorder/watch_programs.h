// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
#pragma once

// The programs that run in the kernel while a container is recorded, and the maps that they count in. Which tasks are
// the container's:
//   - a task that makes a system call inside the container's pid namespace (bpf_get_ns_current_pid_tgid) and is not
//     known yet came in from outside: the container's first process, or one of `docker exec`;
//   - the child of a known task is known, with its parent's state (tracepoint sched_process_fork). So processes in
//     pid namespaces that the container makes for itself are seen as well.
// Tasks are known by the address of their task_struct, which is only ever compared.
//
// This file and its .cc may be used under the GPL as well: the kernel gives the helpers that read a task and its
// registers to programs only that are free in its sense, and is told so at loading.

#include <linux/bpf.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace runward::profiles::record {

inline constexpr const char* kProgramLicense = "GPL v2";

// Of a task: where in its life it is.
enum class State : std::uint32_t {
  starting,       // the first process, still the runtime's
  application,    // since its first execve
  exec_starting,  // came in from outside, still the runtime's
  exec,
  shutdown,  // of calls only: application, after the first process was told to end
};

using Comm = std::array<char, 16>;  // as in /proc/<pid>/comm

// The name that a task's executable was started by, which threads that rename themselves don't change. Before the
// first execve of a process that came in from outside: its own.
struct Task {
  std::uint32_t state = 0;
  std::uint32_t unused = 0;
  Comm comm{};
};

enum class Abi : std::uint32_t { native, compat };

// Keys have no padding: the kernel compares bytes.
struct CallKey {
  std::uint32_t number = 0;
  std::uint16_t state = 0;
  std::uint16_t abi = 0;
  Comm comm{};
};
struct ArgumentKey {
  std::uint32_t number = 0;
  std::uint32_t state = 0;  // of the native ABI only
  std::array<std::uint64_t, 3> values{};
};
struct CapabilityKey {
  std::uint32_t number = 0;
  std::uint32_t state = 0;
  Comm comm{};
};
using UserKey = std::uint64_t;  // gid << 32 | uid, the host's ids
using TaskKey = std::uint64_t;
using EndedKey = std::uint32_t;  // process id, as the host has it

// Indices of the map `counters`.
enum class Counter : std::uint32_t { lost_calls, lost_arguments, lost_capabilities, lost_tasks, lost_users, shutdown };
inline constexpr std::uint32_t kCounters = 6;

// Enough for any program that is no attack; what has no room is counted as lost.
inline constexpr std::uint32_t kMaxTasks = 32768;
inline constexpr std::uint32_t kMaxCalls = 32768;
inline constexpr std::uint32_t kMaxArguments = 8192;
inline constexpr std::uint32_t kMaxCapabilities = 8192;
inline constexpr std::uint32_t kMaxUsers = 1024;
inline constexpr std::uint32_t kMaxEnded = 32768;  // the latest ones

struct Maps {
  int tasks = -1;
  int calls = -1;
  int arguments = -1;
  int capabilities = -1;
  int users = -1;
  int ended = -1;
  int counters = -1;
};

// Where the kernel keeps what is read of a task, on this architecture and kernel.
struct Layout {
  std::array<std::uint16_t, 6> argument_offset{};  // in struct pt_regs
  std::uint16_t compat_offset = 0;                 // in task_struct, whose first member is struct thread_info
  std::int32_t compat_mask = 0;                    // set while the task is in a system call of the 32-bit ABI
};
// Nothing: an architecture that nobody has tried.
std::optional<Layout> layout_of(std::string_view machine, std::string_view kernel_release);

// A call of which arguments are counted.
struct WatchedArguments {
  std::uint32_t number = 0;
  std::array<unsigned, 3> arguments{};
  std::size_t count = 0;
  bool wide = false;  // the first is 64 bits wide; all others are taken for 32
};

struct PidNamespace {
  std::uint64_t device = 0;  // as stat(2) of /proc/<pid>/ns/pid says
  std::uint64_t inode = 0;
};

std::vector<bpf_insn> on_call(const Maps& maps, const PidNamespace& container, const Layout& layout,
                              const std::vector<WatchedArguments>& watched);       // sys_enter
std::vector<bpf_insn> on_fork(const Maps& maps);                                   // sched_process_fork
std::vector<bpf_insn> on_exec(const Maps& maps);                                   // sched_process_exec
std::vector<bpf_insn> on_exit(const Maps& maps);                                   // sched_process_exit
std::vector<bpf_insn> on_signal(const Maps& maps, const PidNamespace& container);  // signal_deliver
std::vector<bpf_insn> on_capability(const Maps& maps);                             // cap_capable (Linux 6.14)

}  // namespace runward::profiles::record

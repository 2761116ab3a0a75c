// SPDX-License-Identifier: Apache-2.0
#pragma once

// Named sets of system calls. A profile's "names" may hold one in place of its members: "@module".
//
// To add a set: its members in sets.cc, sorted, and its row in kSets with what it is for.

#include <span>
#include <string_view>

namespace runward::seccomp {

struct SyscallSet {
  std::string_view name;  // "@module"
  std::string_view summary;
  std::span<const std::string_view> calls;
};

std::span<const SyscallSet> syscall_sets();
const SyscallSet* find_set(std::string_view name);
bool is_in(std::string_view call, std::string_view set);

// Calls that a C library or a language's runtime tries first and replaces by an older one where it hears ENOSYS. Any
// other errno it takes for the answer.
inline constexpr std::string_view kProbed = "@probed";
// What any program needs to run and to end. A filter without exit_group loops; one without execve makes runc hang.
inline constexpr std::string_view kEssential = "@essential";
// Of these, what a program that was watched may still come to call, whatever it did meanwhile.
inline constexpr std::string_view kUnforeseen = "@unforeseen";
// What gives a program no right over anything but itself and what it has open: sleeping, its own ids, ends of its
// sockets.
inline constexpr std::string_view kOrdinary = "@ordinary";
// What runc, crun and their Go or C runtimes may still call once the filter is loaded: the last thing before execve
// where no_new_privs is set.
inline constexpr std::string_view kRuntimeStart = "@runtime-start";

}  // namespace runward::seccomp

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Calls that container escapes and kernel exploits are made of, as data: which call with which arguments, what it
// opens, and the published vulnerabilities that were reached through it. A filter is judged by this list:
// integration/seccomp.bats makes every call in real containers, and counts what the filter lets through.
//
//   for (const Risk& risk : risks()) std::cout << risk.id << ' ' << risk.syscall << '\n';
//
// To add a row: 1. a line in risks.cc, with an id of its own; 2. the vulnerabilities that you have read about (the
// changelogs of Debian's kernels name them beside the fix), none is better than a doubtful one; 3. if a shipped filter
// lets it through, change the filter. Calls that an ordinary service needs (splice, setsockopt, futex …) have had their
// vulnerabilities too, but don't belong here: no filter could forbid them.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace runward::seccomp {

// By which door the call enters the kernel: a filter sees the number of the one that was used.
enum class Entry {
  native,  // the machine's own
  x32,     // x86-64's numbers with bit 30 set
  i386,    // int 0x80 out of a 64-bit program, with i386's numbers
};

enum class RiskKind {
  escape,  // reaches what is outside of the container
  lpe,     // local privilege escalation: the kernel's own rights
  info,    // reads what is not the container's
  dos,     // takes the host down, or something from it
};

struct Risk {
  std::string_view id;  // lower case, digits, "-" and "_"; unique and stable, for people to quote
  Entry entry = Entry::native;
  std::string_view syscall;                  // libseccomp's name of it
  std::array<std::uint64_t, 6> arguments{};  // as an attack gives them; pointers are 0, as no filter can follow them
  RiskKind kind = RiskKind::lpe;
  std::string_view opens;                  // one sentence for people
  std::array<std::string_view, 4> cves{};  // the best known ones; the rest is empty
};

// Grouped by what they open.
std::span<const Risk> risks();

std::string_view name_of(RiskKind kind);
std::string_view name_of(Entry entry);

}  // namespace runward::seccomp

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Profiles to filters by libseccomp, whose only home this is, and its table of system calls.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seccomp/evaluate.h"
#include "seccomp/profile.h"
#include "shim/base/result.h"

namespace runward::seccomp {

struct CompileOptions {
  bool binary_tree = false;  // SCMP_FLTATR_CTL_OPTIMIZE 2: pays where many calls are looked at one by one
};

// For the profile's architectures and always the machine's own, as the runtimes do. Calls that an architecture does not
// have are left out there; a name that libseccomp does not know at all too (find them with validate.h).
Result<Program> compile(const Profile& profile, const CompileOptions& options = {});

// "SCMP_ARCH_X86_64"
std::string native_architecture();
bool is_architecture(std::string_view name);
// AUDIT_ARCH_X86_64 (linux/audit.h), as a filter sees it; nothing for an unknown name.
std::optional<std::uint32_t> audit_architecture(std::string_view name);

// The calls of one architecture, by name: for many questions.
class SyscallTable {
 public:
  explicit SyscallTable(std::string_view architecture);
  // Nothing where the architecture has no such call (or libseccomp does not know it).
  [[nodiscard]] std::optional<int> number(const std::string& call) const;

 private:
  std::optional<std::uint32_t> token_;  // SCMP_ARCH_*
};

// For one.
std::optional<int> syscall_number(std::string_view call, std::string_view architecture);
std::optional<std::string> syscall_name(int number, std::string_view architecture);
// Known to libseccomp on any architecture.
bool is_syscall(std::string_view call);
// All calls of an architecture, by number.
std::vector<std::string> syscalls_of(std::string_view architecture);

std::string libseccomp_version();  // "2.5.4"

}  // namespace runward::seccomp

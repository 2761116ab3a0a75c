// SPDX-License-Identifier: Apache-2.0
#include "seccomp/compile.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "seccomp/algebra.h"
#include "shim/base/unique_fd.h"

namespace runward::seccomp {
namespace {

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

constexpr std::size_t kMaxInstructions = 4096;  // BPF_MAXINSNS

struct ArchitectureName {
  std::string_view oci;
  std::uint32_t token;  // SCMP_ARCH_*: AUDIT_ARCH_* but for x32, which shares x86-64's and marks its numbers
};
constexpr std::array kArchitectures = {
    ArchitectureName{"SCMP_ARCH_X86", SCMP_ARCH_X86},
    ArchitectureName{"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64},
    ArchitectureName{"SCMP_ARCH_X32", SCMP_ARCH_X32},
    ArchitectureName{"SCMP_ARCH_ARM", SCMP_ARCH_ARM},
    ArchitectureName{"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64},
    ArchitectureName{"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS},
    ArchitectureName{"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64},
    ArchitectureName{"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32},
    ArchitectureName{"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL},
    ArchitectureName{"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64},
    ArchitectureName{"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32},
    ArchitectureName{"SCMP_ARCH_PPC", SCMP_ARCH_PPC},
    ArchitectureName{"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64},
    ArchitectureName{"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE},
    ArchitectureName{"SCMP_ARCH_S390", SCMP_ARCH_S390},
    ArchitectureName{"SCMP_ARCH_S390X", SCMP_ARCH_S390X},
    ArchitectureName{"SCMP_ARCH_PARISC", SCMP_ARCH_PARISC},
    ArchitectureName{"SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64},
    ArchitectureName{"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64},
};

const ArchitectureName* find_architecture(std::string_view name) {
  const auto* const found = std::ranges::find(kArchitectures, name, &ArchitectureName::oci);
  return found == kArchitectures.end() ? nullptr : found;
}

Error seccomp_error(const std::string& what, int negative_errno) {
  return make_error(ErrorKind::unsupported, "seccomp filter: " + what + ": " + errno_words(-negative_errno));
}

std::uint32_t action_of(Outcome outcome) {
  switch (outcome.action) {
    case Action::kill_process:
      return SCMP_ACT_KILL_PROCESS;
    case Action::kill_thread:
      return SCMP_ACT_KILL_THREAD;
    case Action::trap:
      return SCMP_ACT_TRAP;
    case Action::error:
      return SCMP_ACT_ERRNO(outcome.data);
    case Action::trace:
      return SCMP_ACT_TRACE(outcome.data);
    case Action::notify:
      return SCMP_ACT_NOTIFY;
    case Action::log:
      return SCMP_ACT_LOG;
    case Action::allow:
      return SCMP_ACT_ALLOW;
  }
  return SCMP_ACT_KILL_PROCESS;
}

scmp_compare compare_of(Compare compare) {
  switch (compare) {
    case Compare::not_equal:
      return SCMP_CMP_NE;
    case Compare::less:
      return SCMP_CMP_LT;
    case Compare::less_or_equal:
      return SCMP_CMP_LE;
    case Compare::equal:
      return SCMP_CMP_EQ;
    case Compare::greater_or_equal:
      return SCMP_CMP_GE;
    case Compare::greater:
      return SCMP_CMP_GT;
    case Compare::masked_equal:
      return SCMP_CMP_MASKED_EQ;
  }
  return SCMP_CMP_EQ;
}

scmp_arg_cmp comparison_of(const Condition& condition) {
  const bool is_masked = condition.compare == Compare::masked_equal;
  return {.arg = condition.argument,
          .op = compare_of(condition.compare),
          .datum_a = is_masked ? condition.mask : condition.value,
          .datum_b = is_masked ? condition.value : 0};
}

Status add_architectures(const Context& context, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const ArchitectureName* const architecture = find_architecture(name);
    if (architecture == nullptr) return make_error(ErrorKind::parse, "unknown architecture '" + name + "'");
    const int added = seccomp_arch_add(context.get(), architecture->token);
    if (added != 0 && added != -EEXIST) return seccomp_error("architecture '" + name + "'", added);
  }
  return ok();
}

Status add_rule(const Context& context, const std::string& call, const Rule& rule) {
  const int number = seccomp_syscall_resolve_name(call.c_str());
  if (number == __NR_SCMP_ERROR) return ok();
  std::vector<scmp_arg_cmp> comparisons;
  for (const Condition& condition : rule.conditions) comparisons.push_back(comparison_of(condition));
  const int added = seccomp_rule_add_array(context.get(), action_of(rule.outcome), number,
                                           static_cast<unsigned>(comparisons.size()), comparisons.data());
  return added == 0 ? ok() : seccomp_error("a rule for '" + call + "'", added);
}

Result<Program> export_program(const Context& context) {
  const UniqueFd file(::memfd_create("seccomp-filter", MFD_CLOEXEC));
  if (!file) return errno_error("memfd_create", "seccomp-filter");
  if (const int done = seccomp_export_bpf(context.get(), file.get()); done != 0)
    return seccomp_error("it can't be compiled", done);
  const off_t bytes = ::lseek(file.get(), 0, SEEK_END);
  const auto count = static_cast<std::size_t>(bytes) / sizeof(Instruction);
  if (bytes <= 0 || count > kMaxInstructions)
    return make_error(ErrorKind::unsupported,
                      "seccomp filter: it is longer than the 4096 instructions that the kernel takes");
  Program program(count);
  if (::pread(file.get(), program.data(), count * sizeof(Instruction), 0) != bytes)
    return errno_error("read", "seccomp-filter");
  return program;
}

}  // namespace

Result<Program> compile(const Profile& profile, const CompileOptions& options) {
  const Combined plain = normalise(profile);
  if (!plain.given_up.empty())
    return make_error(ErrorKind::unsupported, "seccomp filter: too many rules for '" + plain.given_up[0] + "'");
  const Context context(seccomp_init(action_of(plain.profile.default_outcome)), &seccomp_release);
  if (!context) return make_error(ErrorKind::internal, "seccomp filter: libseccomp refuses the default action");
  SHIM_CHECK(add_architectures(context, plain.profile.architectures));
  if (options.binary_tree) {
    constexpr unsigned kBinaryTree = 2;
    if (const int set = seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, kBinaryTree); set != 0)
      return seccomp_error("binary tree", set);
  }
  for (const auto& [call, rules] : plain.profile.calls)
    for (const Rule& rule : rules) SHIM_CHECK(add_rule(context, call, rule));
  return export_program(context);
}

std::string native_architecture() {
  const std::uint32_t token = seccomp_arch_native();
  const auto* const found = std::ranges::find(kArchitectures, token, &ArchitectureName::token);
  return found == kArchitectures.end() ? std::string() : std::string(found->oci);
}

bool is_architecture(std::string_view name) { return find_architecture(name) != nullptr; }

std::optional<std::uint32_t> audit_architecture(std::string_view name) {
  const ArchitectureName* const architecture = find_architecture(name);
  if (architecture == nullptr) return std::nullopt;
  return architecture->token == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : architecture->token;
}

SyscallTable::SyscallTable(std::string_view architecture) {
  if (const ArchitectureName* const known = find_architecture(architecture)) token_ = known->token;
}

std::optional<int> SyscallTable::number(const std::string& call) const {
  if (!token_) return std::nullopt;
  const int number = seccomp_syscall_resolve_name_arch(*token_, call.c_str());
  return number < 0 ? std::nullopt : std::optional(number);
}

std::optional<int> syscall_number(std::string_view call, std::string_view architecture) {
  return SyscallTable(architecture).number(std::string(call));
}

std::optional<std::string> syscall_name(int number, std::string_view architecture) {
  const ArchitectureName* const known = find_architecture(architecture);
  if (known == nullptr) return std::nullopt;
  const std::unique_ptr<char, decltype(&std::free)> name(seccomp_syscall_resolve_num_arch(known->token, number),
                                                         &std::free);
  return name ? std::optional<std::string>(name.get()) : std::nullopt;
}

bool is_syscall(std::string_view call) {
  return seccomp_syscall_resolve_name(std::string(call).c_str()) != __NR_SCMP_ERROR;
}

std::vector<std::string> syscalls_of(std::string_view architecture) {
  constexpr int kAboveAll = 1024;
  constexpr int kX32Bit = 0x40000000;
  const int first = architecture == "SCMP_ARCH_X32" ? kX32Bit : 0;
  std::vector<std::string> calls;
  for (int number = first; number < first + kAboveAll; ++number)
    if (auto name = syscall_name(number, architecture)) calls.push_back(*std::move(name));
  return calls;
}

std::string libseccomp_version() {
  const scmp_version* const version = seccomp_version();
  return std::to_string(version->major) + "." + std::to_string(version->minor) + "." + std::to_string(version->micro);
}

}  // namespace runward::seccomp

// SPDX-License-Identifier: Apache-2.0
#include "profiles/recorder/call_names.h"

#include <seccomp.h>

#include <cstdlib>
#include <memory>

namespace runward::profiles::record {
namespace {

constexpr std::uint32_t kX32Bit = 0x40000000;

struct Architecture {
  std::uint32_t token = 0;
  std::string_view name;
};

Architecture architecture_of(std::uint32_t number, Abi abi, std::string_view machine) {
  if (machine == "aarch64")
    return abi == Abi::native ? Architecture{SCMP_ARCH_AARCH64, "aarch64"} : Architecture{SCMP_ARCH_ARM, "arm"};
  if (abi == Abi::compat) return {SCMP_ARCH_X86, "x86"};
  if ((number & kX32Bit) != 0) return {SCMP_ARCH_X32, "x32"};
  return {SCMP_ARCH_X86_64, "x86_64"};
}

}  // namespace

NamedCall name_of_call(std::uint32_t number, Abi abi, std::string_view machine) {
  const Architecture architecture = architecture_of(number, abi, machine);
  const std::unique_ptr<char, void (*)(void*)> name(
      ::seccomp_syscall_resolve_num_arch(architecture.token, static_cast<int>(number)), &std::free);
  return {.architecture = std::string(architecture.name),
          .name = name ? std::string(name.get()) : "#" + std::to_string(number)};
}

std::optional<std::uint32_t> number_of_call(std::string_view name, std::string_view machine) {
  const Architecture architecture = architecture_of(0, Abi::native, machine);
  const int number = ::seccomp_syscall_resolve_name_arch(architecture.token, std::string(name).c_str());
  if (number < 0) return std::nullopt;  // libseccomp's own numbers of calls that an architecture lacks are negative
  return static_cast<std::uint32_t>(number);
}

}  // namespace runward::profiles::record

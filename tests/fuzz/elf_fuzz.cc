// SPDX-License-Identifier: Apache-2.0
// Executables come out of an image that may be hostile: any bytes are read or refused, and names are no longer than
// they may be.
//   tests/fuzz/run.sh      builds it and runs it with a program of the machine's as seed

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "profiles/reach/elf.h"
#include "profiles/reach/libc_calls.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace runward::profiles;
  const auto elf = parse_elf(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!elf) return 0;
  std::size_t looked_at = 0;
  for (const std::string& import : elf->imports) {
    if (import.empty() || import.size() > 512 || import.find('\0') != std::string::npos) std::abort();
    if (++looked_at < 20) static_cast<void>(calls_of_import(import, "SCMP_ARCH_X86_64"));
  }
  return 0;
}

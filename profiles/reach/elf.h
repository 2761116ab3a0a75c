// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an ELF file asks of others by name: its dynamic symbols that are undefined. The file comes out of an image that
// may be hostile: every offset and count is checked, and none of them decides how much is read or kept.
//
//   SHIM_TRY(const Elf elf, parse_elf(bytes));
//   elf.imports.contains("sendfile64")
//
// Only the part that the dynamic linker itself uses is looked at (program headers, not sections, which may be stripped
// or lie): elf(5), and for the number of symbols the two hash tables.

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "shim/base/result.h"

namespace runward::profiles {

struct Elf {
  bool is_dynamic = false;  // false: statically linked, and nothing is imported
  std::string library;      // the name that others need it by (DT_SONAME); empty: none
  std::set<std::string> imports;
};

bool is_elf(std::string_view bytes);

// 64 bits, little-endian: x86_64 and aarch64.
Result<Elf> parse_elf(std::string_view bytes);

}  // namespace runward::profiles

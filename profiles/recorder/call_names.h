// SPDX-License-Identifier: Apache-2.0
#pragma once

// System calls by number and by name, as libseccomp knows them; this .cc is the only one here that includes it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "profiles/recorder/watch_programs.h"

namespace runward::profiles::record {

struct NamedCall {
  std::string architecture;  // as in CallsByArchitecture
  std::string name;          // "#1234" where there is no name for the number
};

// The number as it arrives at the tracepoint: on x86_64 a bit of it tells x32.
NamedCall name_of_call(std::uint32_t number, Abi abi, std::string_view machine);

// Of the machine's native ABI; nothing where it has no such call (aarch64 has no "open").
std::optional<std::uint32_t> number_of_call(std::string_view name, std::string_view machine);

}  // namespace runward::profiles::record

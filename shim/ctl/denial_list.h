// SPDX-License-Identifier: Apache-2.0
#pragma once

// Denials put together: the same thing of the same program once, with how often; and told to people.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "profiles/audit/denial.h"

namespace runward::ctl {

struct Seen {
  std::string program;  // "/bin/busybox (sh)": the executable where it is known, and what the process calls itself
  profiles::audit::Denial denial;
  friend bool operator==(const Seen&, const Seen&) = default;
  friend auto operator<=>(const Seen&, const Seen&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};

struct Count {
  std::uint64_t times = 0;
  std::int64_t last_ms = 0;
  pid_t pid = 0;  // of the last
};
using SeenDenials = std::map<Seen, Count>;

// For a terminal.
std::string program_of(const profiles::audit::Record& record);

void add(const profiles::audit::Record& record, profiles::audit::Denial denial, SeenDenials& all);

// What was refused, to whom, how often, and the line that allows it with the file that it belongs into.
std::string describe(const Seen& seen, const Count& count, const std::string& file);

}  // namespace runward::ctl

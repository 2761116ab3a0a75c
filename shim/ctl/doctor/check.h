// SPDX-License-Identifier: Apache-2.0
#pragma once

// What doctor looks at, as one table: the output, the JSON and the test of the man page are made from its rows.
//
// To add a check: 1. what it needs to know in facts.h, and its probe in probes.h; 2. its judge in judges.h, pure, with
// a test over made-up facts; 3. a row in checks.cc; 4. the same id and title in runwardctl.8.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace runward::ctl::doctor {

struct Facts;

enum class Level { ok, info, warning, fail };  // the worst comes last
std::string_view word(Level level);

struct Line {
  Level level = Level::ok;
  std::string subject;  // which of several: "ext4, /var/lib/docker"; may be empty
  std::string reason;
  std::string mend;  // what to do; empty when there is nothing
};
using Lines = std::vector<Line>;

struct Check {
  std::string_view id;  // stable: JSON names it
  std::string_view title;
  Lines (*judge)(const Facts& facts);  // pure; no lines when there is nothing to say
};
std::span<const Check> checks();

}  // namespace runward::ctl::doctor

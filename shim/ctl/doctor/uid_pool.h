// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who else has ids in the pool that containers' user namespaces take their ranges from (policy::IdPool).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shim/policy/config.h"

namespace runward::ctl::doctor {

struct IdRange {
  std::string owner;  // "/etc/subuid: alice"
  std::uint64_t first = 0;
  std::uint64_t count = 1;
};

std::vector<IdRange> clashes(const policy::IdPool& pool, std::span<const IdRange> in_use);

// Lines "name:first:count" of subuid(5), and "name:x:id:…" of passwd(5) and group(5); others are passed over.
std::vector<IdRange> parse_subids(std::string_view text, std::string_view file);
std::vector<IdRange> parse_accounts(std::string_view text, std::string_view file);

}  // namespace runward::ctl::doctor

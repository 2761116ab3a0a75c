// SPDX-License-Identifier: Apache-2.0
#pragma once

// The pool of host ids that containers' user namespaces will take their ranges from, and who else has ids in it.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace runward::ctl::doctor {

struct UidPool {
  std::uint64_t first = 0;
  std::uint64_t ranges = 0;
  static constexpr std::uint64_t kRange = 65536;

  [[nodiscard]] std::uint64_t end() const { return first + ranges * kRange; }
};

// The one place of this number, until the rule `user-namespace` has it in /etc/runward/config.json. From 2^30 on, as
// one might choose, systemd-nspawn and systemd-nsresourced take ranges by themselves (524288…1879048191); above
// 2147352575 are systemd's foreign ids, and from 2^31 on programs that read a uid as signed stumble
// (https://systemd.io/UIDS-GIDS/).
inline constexpr UidPool kUidPool{.first = 0x70000000, .ranges = 4094};

struct IdRange {
  std::string owner;  // "/etc/subuid: alice"
  std::uint64_t first = 0;
  std::uint64_t count = 1;
};

std::vector<IdRange> clashes(const UidPool& pool, std::span<const IdRange> in_use);

// Lines "name:first:count" of subuid(5), and "name:x:id:…" of passwd(5) and group(5); others are passed over.
std::vector<IdRange> parse_subids(std::string_view text, std::string_view file);
std::vector<IdRange> parse_accounts(std::string_view text, std::string_view file);

}  // namespace runward::ctl::doctor

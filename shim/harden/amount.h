// SPDX-License-Identifier: Apache-2.0
#pragma once

// A policy's Amount on this host, and the one way in which memory, CPU and pids limits follow from it.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "shim/policy/policy.h"

namespace runward::harden {

// What rule memory sets on cgroup v2, and rule unified lets pass.
inline constexpr auto kSwapKey = "memory.swap.max";
inline constexpr auto kNoSwap = "0";

// The smaller of the absolute amount and the share of `host_total`; at least 1.
inline std::uint64_t on_host(const policy::Amount& amount, std::uint64_t host_total) {
  std::uint64_t value = amount.absolute.value_or(UINT64_MAX);
  if (amount.percent)
    value = std::min(value, host_total / 100 * *amount.percent + host_total % 100 * *amount.percent / 100);
  return std::max<std::uint64_t>(value, 1);
}

// What a limit becomes; nothing: it may stay as it is. `asked` absent means unlimited.
inline std::optional<std::uint64_t> limited(std::optional<std::uint64_t> asked, const policy::Limit& limit,
                                            std::uint64_t host_total) {
  const std::uint64_t ceiling = limit.ceiling ? on_host(*limit.ceiling, host_total) : UINT64_MAX;
  if (asked) return *asked > ceiling ? std::optional(ceiling) : std::nullopt;
  if (limit.when_unset) return std::min(on_host(*limit.when_unset, host_total), ceiling);
  return limit.ceiling ? std::optional(ceiling) : std::nullopt;
}

// −1 is the OCI spec's "unlimited", 0 Docker's "not set".
inline std::optional<std::uint64_t> asked_for(std::optional<std::int64_t> value) {
  if (!value || *value <= 0) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

// In an update, nothing stays as it is, and only a negative number is unlimited.
inline std::optional<std::uint64_t> asked_in_update(std::optional<std::int64_t> value) {
  if (!value || *value == 0) return std::nullopt;
  return *value < 0 ? UINT64_MAX : static_cast<std::uint64_t>(*value);
}

// What the limit of an update becomes; nothing: it may stay as it is.
inline std::optional<std::uint64_t> limited_in_update(std::optional<std::uint64_t> asked, const policy::Limit& limit,
                                                      std::uint64_t host_total) {
  return asked ? limited(asked, limit, host_total) : std::nullopt;
}

}  // namespace runward::harden

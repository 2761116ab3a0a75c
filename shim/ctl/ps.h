// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl ps`: the running containers that runward started, and whether what runs is still what was decided.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "shim/ctl/command.h"
#include "shim/host/facts.h"
#include "shim/oci/value.h"
#include "shim/policy/policy.h"
#include "shim/state/decisions.h"

namespace runward::ctl {

Result<int> run_ps(const Given& given);

inline constexpr std::array kPsOptions = {kJsonOption, kConfigDirOption, OptionRow{"quiet", "", "print the ids only"}};
inline constexpr Command kPsCommand{"ps", "the running containers, and whether they still are what was decided", "",
                                    kPsOptions, run_ps};

// What the kernel says of a container's first process.
struct Reality {
  std::array<std::uint64_t, 5> capabilities{};  // masks, in the order of oci::kCapabilitySets
  bool no_new_privileges = false;
  bool has_seccomp = false;
  std::string apparmor_profile;  // empty: none, or no AppArmor
  std::string user_range;        // "host", or "100000+65536": the first line of uid_map
  host::CurrentLimits limits;
};

// Pure: the text of /proc/<pid>/status, attr/current and uid_map.
Reality read_reality(std::string_view status, std::string_view label, std::string_view uid_map,
                     host::CurrentLimits limits);

// What is more than was decided, a phrase each; empty: all is as decided. `wants_seccomp`: the document has a filter.
// Limits may have been raised up to the policy's ceiling by an update.
std::vector<std::string> differences(const state::Decision& decision, const policy::Policy& policy, bool wants_seccomp,
                                     const host::HostFacts& host, const Reality& reality);

// "enforce", or which rules are not: "enforce, audit: memory, off: image".
std::string describe_modes(const policy::Policy& policy);

}  // namespace runward::ctl

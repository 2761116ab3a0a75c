// SPDX-License-Identifier: Apache-2.0
#pragma once

// The seccomp filter that a container gets: the profile's baseline for capabilities that it will really have, and what
// came with it, as JSON for the document.

#include <optional>
#include <string>
#include <vector>

#include "seccomp/profile.h"
#include "shim/harden/step.h"

namespace runward::harden {

// When the low-level runtime loads it: with no_new_privs last of all, else before it gives up its own privileges.
enum class Loaded { last, before_dropping };

struct SeccompFilter {
  oci::Value json;
  std::vector<std::string> given_up;             // calls that are not let through as their rules are too many
  std::optional<std::string> hinders_dropping;   // loaded before that: what it must do that by
  std::optional<std::string> missing_for_start;  // a call without which no container starts
};

// `bounding`: moby resolves its conditions against that set. `asked`: nullptr where nothing came along.
// Context::seccomp_baseline must be there.
SeccompFilter seccomp_filter(const Context& ctx, const oci::CapabilitySet& bounding, const seccomp::Profile* asked,
                             Loaded loaded = Loaded::last);

}  // namespace runward::harden

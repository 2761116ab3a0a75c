// SPDX-License-Identifier: Apache-2.0
#pragma once

// Does a profile let through what was recorded, and refuse what attacks are made of? Told without running anything:
// each recorded call goes through the compiled filter, with its recorded arguments, and each path through the AppArmor
// rules.
//
//   SHIM_TRY(const Verdicts verdicts, check(profile, recordings, parent));
//   verdicts.failures.empty()
//
// What the parent refuses to everybody is not the profile's fault: those are notes.

#include <optional>
#include <string>
#include <vector>

#include "apparmor/profile.h"
#include "profiles/generator/collection.h"
#include "profiles/generator/generate.h"
#include "seccomp/parse.h"
#include "shim/base/result.h"
#include "shim/policy/policy.h"

namespace runward::profiles {

// A hardening profile as it lies in its folder.
struct ProfileFolder {
  std::string name;
  policy::Policy policy;  // resolved
  seccomp::Template seccomp;
  std::optional<apparmor::Profile> apparmor;  // absent: it has none of its own
  Collection recordings;                      // that it was made from; may be empty

  // As runward derives it for a container that has all the capabilities it may have.
  [[nodiscard]] seccomp::Profile filter(std::string_view architecture) const;
};

struct Verdicts {
  std::vector<std::string> failures;  // sorted
  std::vector<std::string> notes;
  std::size_t calls = 0;  // that were looked at
  std::size_t paths = 0;
  std::size_t attacks = 0;
};

// An error where it can't be told here: recordings of another architecture than this machine's.
Result<Verdicts> check(const ProfileFolder& profile, const Collection& recordings, const Parent& parent);

}  // namespace runward::profiles

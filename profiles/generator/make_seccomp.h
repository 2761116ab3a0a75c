// SPDX-License-Identifier: Apache-2.0
#pragma once

// From what was seen to a seccomp filter: the recorded calls, the arguments of some of them, and what the low-level
// runtime needs to start a program. Never more than the parent's filter lets through: the result is the intersection
// with it.

#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "profiles/generator/observed.h"
#include "profiles/reach/reach.h"
#include "seccomp/profile.h"

namespace runward::profiles {

enum class Headroom {
  strict,     // what was seen
  portable,   // and the same rights in other spellings (families.h)
  reachable,  // and what the image's executables can come to call ("static")
};
inline constexpr std::array<std::string_view, 3> kHeadroomNames = {"strict", "portable", "static"};
constexpr std::string_view name_of(Headroom headroom) { return kHeadroomNames.at(static_cast<std::size_t>(headroom)); }

struct SeccompWish {
  Headroom headroom = Headroom::strict;
  std::set<std::string> start;  // what the low-level runtime calls under the filter (start_calls.h)
  Reach reach;                  // of headroom `reachable`
};

struct MadeSeccomp {
  seccomp::Profile profile;
  std::map<std::string, std::string> reasons;  // of each call that is let through: "recorded", "as openat", "runtime"
  std::vector<std::string> refused;            // recorded, and never let through by the parent
  std::vector<std::string> unnamed;            // recorded by number only ("#1234"): a filter in OCI form can't name it
  std::vector<std::string> whole;              // recorded with values that are not known: not narrowed to any
  std::vector<std::string> reached_only;       // reachable, and not let through: risky, or narrowed by the parent
};

MadeSeccomp make_seccomp(const Observed& seen, const SeccompWish& wish, const seccomp::Profile& parent);

// "SCMP_ARCH_X86_64" of "x86_64"
std::string seccomp_architecture(std::string_view architecture);

}  // namespace runward::profiles

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Two profiles compared and put together, exactly, arguments included: by decision diagrams (diagram.h), call by call.
//
//   const Profile both = intersect(baseline, asked).profile;    // allows what both allow
//   if (const auto excess = find_excess(both, baseline)) …      // a call that the first lets through and the second
//   not
//
// Architectures and flags are not compared: the result has those of the first.

#include <optional>
#include <string>
#include <vector>

#include "seccomp/profile.h"

namespace runward::seccomp {

struct Combined {
  Profile profile;
  // Calls whose rules are too many to be worked out. Nothing of them is let through by an intersection; a merge keeps
  // what the first profile says of them.
  std::vector<std::string> given_up;
};

// Everywhere the stricter outcome of both, as profile.h has it.
Combined intersect(const Profile& a, const Profile& b);
// Everywhere the more lenient one.
Combined merge(const Profile& a, const Profile& b);

// Same meaning, in rules that libseccomp gets right (rules.h), sorted. Doing it twice changes nothing more.
Combined normalise(const Profile& profile);

// A call and arguments for it.
struct Example {
  std::string call;  // "*": any that neither profile names
  Arguments arguments{};
};
// What `a` lets through and `b` does not; nothing: a is a subset of b. Rules that are too many count as an excess.
std::optional<Example> find_excess(const Profile& a, const Profile& b);
std::optional<Example> find_excess(const Profile& a, const Profile& b, const std::string& call);

enum class Difference { only_first, only_second, first_lets_more, second_lets_more, differs, other_errno };
struct CallDifference {
  std::string call;
  Difference difference = Difference::differs;
  std::optional<Example> example;  // let through by one of the two only
};
// Calls that the two treat differently, sorted by name.
std::vector<CallDifference> diff(const Profile& a, const Profile& b);

// What becomes of a call over all arguments.
enum class Reach { never, sometimes, always };
Reach reach_of(const Profile& profile, std::string_view call);

}  // namespace runward::seccomp

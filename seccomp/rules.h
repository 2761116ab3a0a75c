// SPDX-License-Identifier: Apache-2.0
#pragma once

// From a diagram back to rules that libseccomp and the low-level runtimes understand: each with at most one comparison
// of an argument, no two that hold for the same arguments with different outcomes.

#include <cstddef>
#include <optional>

#include "seccomp/diagram.h"
#include "seccomp/profile.h"

namespace runward::seccomp {

// More of them make a filter slow, and its author did not mean them.
inline constexpr std::size_t kMaxRules = 256;

// libseccomp (2.5.4) compiles several comparisons by order, or !=, of one call to a filter that lets other values
// through than it was told: "arg0 <= 2 or arg0 > 0x100000003" lets 0x202 through. What compares for equality, under a
// mask or not, it gets right in any number (see also GHSA-4q85-33p6-j5g6).
inline bool compares_for_equality(const Condition& condition) {
  return condition.compare == Compare::equal || condition.compare == Compare::masked_equal;
}

// Rules that mean what the diagram means, where no rule holds `otherwise`. `candidates` are used as far as they fit, so
// that a filter keeps the shape that its author gave it; the rest is written as comparisons under a mask. Nothing when
// it would take more than kMaxRules.
std::optional<Rules> rules_of(Diagrams& diagrams, Diagrams::Ref meaning, Outcome otherwise, const Rules& candidates);

// Rules that need no rewriting whatever they are combined from, as far as that shows without a diagram: comparisons
// that libseccomp gets right, and for two different outcomes never the same arguments.
bool are_plain(const Rules& rules);

// Rules that need no rewriting: they mean that, none of them holds `otherwise`, and libseccomp gets them right.
bool are_fit(Diagrams& diagrams, const Rules& rules, Diagrams::Ref meaning, Outcome otherwise);

}  // namespace runward::seccomp

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is doubtful about a profile, whoever wrote it.

#include <string>
#include <vector>

#include "profiles/generator/check.h"

namespace runward::profiles {

struct Lint {
  enum class Grade {
    risk,   // opens a known way out, or takes a layer away
    spare,  // no recording needs it
  };
  Grade grade = Grade::risk;
  std::string what;
  friend auto operator<=>(const Lint&, const Lint&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};

// Sorted, risks first. `architecture` is one of recording.h's.
std::vector<Lint> lint(const ProfileFolder& profile, std::string_view architecture);

}  // namespace runward::profiles

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is wrong with a profile, or looks like something that its author did not mean.

#include <string>
#include <string_view>
#include <vector>

#include "seccomp/profile.h"

namespace runward::seccomp {

enum class Severity { wrong, doubtful };

struct Problem {
  Severity severity = Severity::doubtful;
  std::string call;  // empty: the profile as a whole
  std::string text;  // "is not known to libseccomp 2.5.4 …"
};

// For programs of this architecture ("SCMP_ARCH_X86_64").
std::vector<Problem> validate(const Profile& profile, std::string_view architecture);

}  // namespace runward::seccomp

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Two recordings, or two profiles, compared: lines of text, each with a sign in front as in a diff. None: they tell the
// same (counts and times are not compared).

#include <string>
#include <vector>

#include "profiles/generator/check.h"
#include "profiles/generator/collection.h"

namespace runward::profiles {

std::vector<std::string> difference(const Collection& a, const Collection& b);
std::vector<std::string> difference(const ProfileFolder& a, const ProfileFolder& b, std::string_view architecture);

}  // namespace runward::profiles

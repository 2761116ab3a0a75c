// SPDX-License-Identifier: Apache-2.0
#pragma once

// JSON for people and for `git diff`: keys sorted, two spaces a level, and one line for each thing: what has
// at most one level of things in it.

#include <string>

#include "shim/oci/value.h"

namespace runward::profiles {

std::string print_json(const oci::Value& value);

}  // namespace runward::profiles

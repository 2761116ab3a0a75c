// SPDX-License-Identifier: Apache-2.0
#pragma once

// Families of system calls that give the same right in another spelling: whoever may open a file by openat may do it by
// open. Which one a program uses depends on its C library, its version and the machine, so that a filter with one of
// them only breaks at the next update of the image.
//
// To add a family: a list in families.cc; what a member can do that another can't makes it no family.

#include <span>
#include <string_view>

namespace runward::profiles {

using Family = std::span<const std::string_view>;
std::span<const Family> families();

}  // namespace runward::profiles

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A profile that lets through what either of two lets through, and denies what either denies: for a generator that
// joins what it has learnt from several runs. (What only both let through is stacked(), in profile.h.)

#include "apparmor/profile.h"
#include "shim/base/result.h"

namespace runward::apparmor {

// With name and flags of the first. An error where the two say different transitions for the same path, which
// apparmor_parser would refuse; globs that overlap are left to it.
Result<Profile> merge(const Profile& first, const Profile& second);

}  // namespace runward::apparmor

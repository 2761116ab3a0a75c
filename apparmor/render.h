// SPDX-License-Identifier: Apache-2.0
#pragma once

// A profile as text for apparmor_parser: the same text for equal profiles.

#include <string>

#include "apparmor/profile.h"
#include "shim/base/result.h"

namespace runward::apparmor {

// The language that the text is in. Under 4.0 more is mediated, so that a profile must allow more, and has words for
// it: user namespaces, message queues, io_uring, and Unix sockets apart from `network`. Debian 12's parser (3.0.8)
// knows the first only, Debian 13's (4.1) both.
enum class Abi { v3_0, v4_0 };

// An error for what no text can say: a name that is no profile's, `w` together with `a`, permission `execute` in a rule
// that allows.
Result<std::string> render(const Profile& profile, Abi abi);

std::string render(const Rule& rule);  // "deny /proc/kcore rw,"

}  // namespace runward::apparmor

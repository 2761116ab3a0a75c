// SPDX-License-Identifier: Apache-2.0
#pragma once

// The filter for one container: the profile's baseline for what the container's capabilities finally are, narrowed by
// the filter that came with it.
//
//   const Derived derived = derive(baseline, environment, asked);
//
// It lets through what both let through, exactly, and nothing else. It is for the architectures that both are for
// (normally the machine's own only: a filter for one is built in a tenth of the time, and i386 and x32 calls end their
// caller), and names only calls that they have. Where the default is an errno, calls of the set @probed that it does
// not let through fail with ENOSYS.

#include <string>
#include <vector>

#include "seccomp/parse.h"
#include "seccomp/profile.h"

namespace runward::seccomp {

struct Derived {
  Profile profile;
  Profile ours;                       // the baseline alone, for the same container
  std::vector<std::string> given_up;  // calls whose rules are too many to be worked out: not let through
};

// `asked` may be nullptr: nothing came along.
Derived derive(const Template& baseline, const Environment& environment, const Profile* asked);

// For trying a profile out: a call that it refuses and `within` lets through is let through and logged. Nothing is let
// through that neither of them does, and what is answered with ENOSYS by name (clone3) still is: that is no refusal but
// "not there". Both must be derived for the same container.
Profile log_refusals(const Profile& profile, const Profile& within);

// For recording what is called: the same decisions, and what is allowed is logged. What is refused stays so, in the
// same words, and what asks another program does.
Profile log_allowed(const Profile& profile);

// The first of the calls by which a low-level runtime gives up privileges that the profile answers otherwise than the
// baseline does. Without no_new_privs the filter is loaded before that is done, so a filter that says "done" (or an
// errno that the runtime overlooks) leaves the container with all of root's.
std::optional<std::string> hinders_dropping(const Derived& derived);

// The first of the calls that every container needs to start and end at all and that the profile never lets through.
// Without execve runc's init does not fail: it hangs.
std::optional<std::string> keeps_from_starting(const Profile& profile);

}  // namespace runward::seccomp

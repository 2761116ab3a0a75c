// SPDX-License-Identifier: Apache-2.0
#pragma once

// From what was seen to an AppArmor profile: the parent's, without "all files" and "all capabilities", and in their
// place the recorded ones. What the parent denies stays denied, so that the result is never wider.
//
// Files: writes outside of scratch folders exactly as they were seen; reads too, but for folders of libraries and
// shared data with many of them, which become one rule each (apparmor_parser takes seconds for thousands). Scratch
// folders, which are private to the container and in which nothing can be executed, may be written to as a whole. /dev,
// which is never recorded, and what /proc tells a process about itself are open as far as the parent has them.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "apparmor/pattern.h"
#include "apparmor/profile.h"
#include "profiles/generator/make_seccomp.h"
#include "profiles/generator/observed.h"
#include "shim/base/result.h"

namespace runward::profiles {

struct ApparmorWish {
  std::string name;                    // "runward-web"
  std::set<std::string> capabilities;  // "CAP_CHOWN": what the container will have
  std::vector<std::string> scratch;    // folders, without a slash at the end
  std::vector<std::string> data;       // folders of volumes that are written to as a whole
  Headroom headroom = Headroom::portable;
};

Result<apparmor::Profile> make_apparmor(const Observed& seen, const ApparmorWish& wish,
                                        const apparmor::Profile& parent);

// The pattern of a recorded path: that name and no other, but for "/proc/@{pid}", which is any process. A folder's ends
// in a slash.
Result<apparmor::Pattern> pattern_of(std::string_view path, bool is_directory);
// A path that it matches: "@{pid}" is a number.
std::string example_of(std::string_view path, bool is_directory);

// `path` is `folder`, or lies below it.
bool is_within(std::string_view path, std::string_view folder);

}  // namespace runward::profiles

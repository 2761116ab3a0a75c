// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the executables and libraries of a root filesystem can come to call, by what they import of the C library: for
// profiles that are to hold beyond what was recorded. Looked at are those that a recording saw executed or mapped.
//
//   SHIM_TRY(const Reach reach, look_at_executables("/srv/unpacked-image", files));
//   reach.calls.at("sendfile")   // "/usr/sbin/nginx imports sendfile64"
//
// It errs in both directions, and says so: a library imports for all of its users, and what is called otherwise than by
// the C library (a static program, syscall(2), code made at run time, libraries that no recording saw) is not seen.

#include <map>
#include <string>
#include <vector>

#include "profiles/recording.h"
#include "shim/base/result.h"

namespace runward::profiles {

struct Reach {
  std::map<std::string, std::string> calls;  // and why
  std::size_t examined = 0;                  // files
  std::vector<std::string> unseen;           // files whose calls are not known, and why
};

// `rootfs`: its folder on the host, an unpacked image. Links in it lead nowhere but into it.
Result<Reach> look_at_executables(const std::string& rootfs, const Files& files, std::string_view architecture);

}  // namespace runward::profiles

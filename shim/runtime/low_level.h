// SPDX-License-Identifier: Apache-2.0
#pragma once

// The low-level runtime (runc, crun): finding it, and becoming it.
//
//   SHIM_TRY(const LowLevel runc, find_low_level("runc", path_variable));
//   return exec_low_level(runc, argv);  // comes back only with an error
//
// We may be installed under the name `runc`, in front of the real one or in its place: ourselves are recognised by
// device and inode, whatever the name, link or hard link, and another copy of us by the name that its links end at, so
// that two of them never call each other in turn. Where we took its place, `runwardctl lockdown` has set the real one
// aside, beside us and with a suffix (decision 0005).

#include <span>
#include <string>
#include <string_view>

#include "shim/base/result.h"

namespace runward::runtime {

// "/usr/sbin/runc" → "/usr/sbin/runc.runward-real": where lockdown puts the runtime whose place it gives to runward.
inline constexpr std::string_view kSetAsideSuffix = ".runward-real";

// Where a service of systemd looks for programs, whatever its PATH lacks.
inline constexpr std::string_view kUsualDirectories = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct LowLevel {
  std::string path;  // absolute; was an executable regular file other than ourselves
};

inline constexpr const char* kOurselves = "/proc/self/exe";

// `configured`: an absolute path, or a name that is looked for in `path_env` and then in the usual directories. Where
// ourselves stand, the runtime that was set aside for us is taken. `ourselves` is never the answer; a program that asks
// on runward's behalf names runward there.
Result<LowLevel> find_low_level(const std::string& configured, const std::string& path_env,
                                const std::string& ourselves = kOurselves);

// Any program, found in the same way; ourselves count as any other. Its absolute path.
Result<std::string> find_program(const std::string& wanted, const std::string& path_env);

// execve(2) with every argument as it came, but argv[0] the path: runc starts itself again through /proc/self/exe and
// names argv[0] in messages. The environment goes on untouched. Returns only when that failed.
Error exec_low_level(const LowLevel& low_level, std::span<const std::string> argv);

}  // namespace runward::runtime

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is left of earlier records: in the kernel's log (/dev/kmsg), where a burst leaves ten of them and the log itself
// turns over, and, where an audit daemon runs, in its file, which then has all of them and the kernel's log none.

#include <string>
#include <vector>

#include "profiles/audit/record.h"
#include "shim/base/result.h"

namespace runward::profiles::audit {

inline constexpr auto kKernelLog = "/dev/kmsg";
inline constexpr auto kAuditLog = "/var/log/audit/audit.log";

struct Past {
  std::vector<Record> records;      // as they come, the oldest first
  std::size_t unreadable = 0;       // lines of records that are not as they should be
  bool suppressed = false;          // the kernel's log says that it left some out
  std::vector<std::string> places;  // that were read
  std::vector<std::string> unread;  // that are there and could not be read, and why
};
Past read_past();

// A line of /dev/kmsg: "6,1234,5678,-;text". Only what the kernel itself says: anybody who may write there is user.*.
std::optional<std::string_view> kernel_text(std::string_view line);

}  // namespace runward::profiles::audit

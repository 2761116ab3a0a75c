// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the kernel's audit says about a system call that a seccomp filter met (type 1326) and about an access that an
// AppArmor profile refused or, in complain mode, would have (type 1400), from its text:
//
//   audit(1795654705.804:17743): auid=4294967295 uid=0 gid=0 ses=3 pid=22661 comm="sh" exe="/bin/busybox" sig=0
//     arch=c000003e syscall=110 compat=0 ip=0x7f5e98d1f829 code=0x7ffc0000
//   audit(1795654705.804:17744): apparmor="DENIED" operation="open" class="file" profile="runward-web"
//     name="/etc/shadow" pid=22661 comm="cat" requested_mask="r" denied_mask="r" fsuid=0 ouid=0
//
// Names of programs and files are whatever a container chose. The kernel writes those with a quote, a blank or a byte
// outside of ASCII in hexadecimal digits, without quotes (audit_log_n_untrustedstring), so that no name can look like
// another field; here a text that has a field twice, or one that is not what the kernel writes, is an error.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "shim/base/result.h"

namespace runward::profiles::audit {

inline constexpr std::uint16_t kSeccompType = 1326;    // AUDIT_SECCOMP
inline constexpr std::uint16_t kApparmorType = 1400;   // AUDIT_AVC, which SELinux uses too
inline constexpr std::size_t kMaxRecordBytes = 16384;  // the kernel's are 8,970 at most

struct FilteredCall {
  std::uint32_t architecture = 0;  // AUDIT_ARCH_X86_64
  std::uint32_t number = 0;
  std::uint32_t action = 0;  // SECCOMP_RET_LOG, without what comes with it: EPERM and ENOSYS look alike
};

struct RefusedAccess {
  bool allowed = false;   // complain mode: it was let through
  std::string operation;  // "open", "capable", "create"
  std::string kind;       // "file", "net", "cap": empty before Linux 6.5
  std::string name;       // of the file
  std::string target;     // of a link, or the profile that an exec would go to
  std::string denied;     // "wc", "receive"
  std::string capability;
  std::string family;  // "inet"
  std::string socket;  // "stream"
  std::string signal;
  std::string peer;
};

struct Record {
  std::int64_t time_ms = 0;  // since 1970
  std::uint64_t serial = 0;
  pid_t pid = 0;
  std::optional<std::uint32_t> user;     // the host's number for the process's user; nothing: not told
  std::optional<std::uint32_t> group;    // likewise; seccomp only
  std::string command;                   // comm(5), at most 15 bytes
  std::string executable;                // seccomp only; empty: unknown
  std::string label;                     // of AppArmor; empty: unknown
  std::optional<std::uint32_t> session;  // seccomp only; nothing: none was ever set
  std::variant<FilteredCall, RefusedAccess> what;
};

// Nothing for a record that is about something else, as one of SELinux's.
Result<std::optional<Record>> parse_record(std::uint16_t type, std::string_view text);

// A line of the kernel's log ("audit: type=1326 audit(…): …") or of auditd's ("type=SECCOMP msg=audit(…): …"). Nothing
// for any other.
Result<std::optional<Record>> parse_line(std::string_view line);

}  // namespace runward::profiles::audit

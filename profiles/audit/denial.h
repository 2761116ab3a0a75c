// SPDX-License-Identifier: Apache-2.0
#pragma once

// From a record to what a profile's author has to know: what was refused, and the line that allows it.
//
//   const Denial denial = describe(record, "runward-web");
//   denial.what      // "system call chroot", "file /etc/shadow: read"
//   denial.line      // R"({ "names": ["chroot"], "action": "SCMP_ACT_ALLOW" })", "/etc/shadow r,"

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "apparmor/profile.h"
#include "profiles/audit/record.h"

namespace runward::profiles::audit {

enum class Layer { seccomp, apparmor };

struct Denial {
  Layer layer = Layer::seccomp;
  std::string what;
  std::string call;  // seccomp: its name in profiles; empty: it has none, or is another architecture's
  std::optional<apparmor::Rule> rule;  // AppArmor: that would allow it
  std::string line;                    // to add to the profile; empty: there is none
  std::string remark;                  // why there is no line, or what else to know
  bool ended_process = false;          // by the filter

  friend bool operator==(const Denial& a, const Denial& b) { return a.layer == b.layer && a.what == b.what; }
  friend auto operator<=>(const Denial& a, const Denial& b) {
    if (const auto order = a.layer <=> b.layer; std::is_neq(order)) return order;
    return a.what <=> b.what;
  }
};

// `own_label`: the name that the rules have for the process's own profile, where the record has another.
Denial describe(const Record& record, const std::string& own_label);

// "runward-web" of "runward-web//null-/usr/bin/id" and of "runward-web//&unconfined".
std::string profile_in(std::string_view label);

}  // namespace runward::profiles::audit

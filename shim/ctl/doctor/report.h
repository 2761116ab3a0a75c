// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a process in a container shows of itself, and what the policy promises of it. Pure.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "shim/ctl/doctor/facts.h"
#include "shim/policy/policy.h"

namespace runward::ctl::doctor {

// Where the engine's socket is mounted, in the trial that asks for it.
inline constexpr auto kSocketInside = "/doctor.sock";

// The namespaces that a container of runward's has of its own, by their names in /proc/<pid>/ns.
inline constexpr std::array<std::string_view, 5> kNamespaceNames = {"pid", "net", "ipc", "uts", "mnt"};

// For `sh -c`, with nothing but cat and readlink.
std::string report_script();

// What it printed; `host` has the engine's own namespaces: "pid" → "pid:[4026531836]". Nothing: that was no report.
std::optional<Seen> parse_report(std::string_view text, const std::map<std::string, std::string>& host);

Promise promise_of(const policy::Policy& policy);

}  // namespace runward::ctl::doctor

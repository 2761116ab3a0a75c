// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is publicly known about versions of runc and crun. A distribution may have fixed it without a new version: then
// the CVE stands in the package's changelog.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shim/ctl/doctor/check.h"

namespace runward::ctl::doctor {

struct Version {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned patch = 0;
  unsigned candidate = kRelease;  // of a release candidate: 3 for "1.2.0-rc.3"
  static constexpr unsigned kRelease = 1'000'000;
  friend auto operator<=>(const Version&, const Version&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};
// "1.1.5+ds1" → 1.1.5; "1.0.0-rc93"; "1.20".
std::optional<Version> parse_version(std::string_view text);

// Of `runc --version`: "runc version 1.1.5+ds1".
struct ProgramVersion {
  std::string program;  // "runc"
  std::string text;     // "1.1.5+ds1"
  std::optional<Version> version;
};
std::optional<ProgramVersion> parse_program_version(std::string_view output);

struct Advisory {
  std::string_view cve;
  std::string_view program;
  Level level;  // of the line about it
  std::string_view what;
  Version since;                   // versions before did not have it
  std::span<const Version> fixed;  // the first of each series (major.minor) that has no longer
};
std::span<const Advisory> advisories();

bool concerns(const Advisory& advisory, const ProgramVersion& program);

}  // namespace runward::ctl::doctor

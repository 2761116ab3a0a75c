// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/doctor/advisories.h"

#include <algorithm>
#include <array>

#include "shim/base/number.h"

namespace runward::ctl::doctor {
namespace {

// In the order of their series, oldest first.
constexpr std::array k2023 = {Version{1, 1, 5}};
constexpr std::array kLeakedFds = {Version{1, 1, 12}, Version{1, 2, 0, 1}};
constexpr std::array kMkdirRace = {Version{1, 1, 14}, Version{1, 2, 0, 3}};
constexpr std::array kNovember2025 = {Version{1, 2, 8}, Version{1, 3, 3}, Version{1, 4, 0, 3}};
constexpr std::array kDevLink = {Version{1, 3, 6}, Version{1, 4, 3}};
constexpr std::array kCrunInheritable = {Version{1, 4, 4}};
constexpr std::array kCrunKrun = {Version{1, 20, 0}};
constexpr std::array kCrunExecUser = {Version{1, 27, 0}};

// github.com/opencontainers/runc/security/advisories and github.com/containers/crun/security/advisories. That crun is
// not concerned by those of November 2025, its maintainer says: github.com/containers/crun/issues/1906.
constexpr std::array kAdvisories = {
    Advisory{"CVE-2023-27561", "runc", Level::fail, "a mount over a link escapes AppArmor and masked paths", {}, k2023},
    Advisory{
        "CVE-2023-28642", "runc", Level::fail, "a /proc that is a link gets around AppArmor and SELinux", {}, k2023},
    Advisory{"CVE-2024-21626", "runc", Level::fail, "a leaked descriptor lets images and execs into the host's files",
             Version{1, 0, 0, 93}, kLeakedFds},
    Advisory{"CVE-2024-45310", "runc", Level::warning, "a race makes empty files on the host", {}, kMkdirRace},
    Advisory{"CVE-2025-31133",
             "runc",
             Level::fail,
             "masked paths can be replaced while they are mounted",
             {},
             kNovember2025},
    Advisory{"CVE-2025-52565", "runc", Level::fail, "/dev/console can be replaced while it is mounted",
             Version{1, 0, 0, 3}, kNovember2025},
    Advisory{"CVE-2025-52881", "runc", Level::fail, "writes to /proc can be led elsewhere", {}, kNovember2025},
    Advisory{"CVE-2026-41579",
             "runc",
             Level::warning,
             "a /dev that is a link lets images write a little on the host",
             {},
             kDevLink},
    Advisory{"CVE-2022-27650",
             "crun",
             Level::warning,
             "containers start with inheritable capabilities",
             {},
             kCrunInheritable},
    Advisory{"CVE-2025-24965", "crun", Level::fail, "the krun handler lets images write to the host", {}, kCrunKrun},
    Advisory{"CVE-2026-30892", "crun", Level::fail, "exec -u 1 runs as root", Version{1, 19, 0}, kCrunExecUser}};

bool same_series(const Version& a, const Version& b) { return a.major == b.major && a.minor == b.minor; }

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) {
  Version version;
  const auto major = take_number<unsigned>(text);
  if (!major || !take(text, ".")) return std::nullopt;
  const auto minor = take_number<unsigned>(text);
  if (!minor) return std::nullopt;
  version.major = *major;
  version.minor = *minor;
  if (take(text, ".")) {
    const auto patch = take_number<unsigned>(text);
    if (!patch) return std::nullopt;
    version.patch = *patch;
  }
  // Debian writes 1.0.0~rc93.
  if (!take(text, "-rc") && !take(text, "~rc")) return version;
  take(text, ".");
  version.candidate = take_number<unsigned>(text).value_or(0);
  return version;
}

std::optional<ProgramVersion> parse_program_version(std::string_view output) {
  constexpr std::string_view kVersion = " version ";
  const std::string_view line = output.substr(0, output.find('\n'));
  const std::size_t at = line.find(kVersion);
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  ProgramVersion program{.program = std::string(line.substr(0, at)),
                         .text = std::string(line.substr(at + kVersion.size())),
                         .version = {}};
  program.version = parse_version(program.text);
  return program;
}

std::span<const Advisory> advisories() { return kAdvisories; }

bool concerns(const Advisory& advisory, const ProgramVersion& program) {
  if (program.program != advisory.program || !program.version) return false;
  const Version& version = *program.version;
  if (version < advisory.since) return false;
  const auto fix = std::ranges::find_if(advisory.fixed, [&](const Version& at) { return same_series(at, version); });
  return fix == advisory.fixed.end() ? version < advisory.fixed.back() : version < *fix;
}

}  // namespace runward::ctl::doctor

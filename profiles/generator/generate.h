// SPDX-License-Identifier: Apache-2.0
#pragma once

// From recordings to a hardening profile: all files of its folder, as texts.
//
//   SHIM_TRY(const Generated made, generate(recordings, {.name = "web"}, parent));
//   made.files.at("seccomp.json")
//
// It extends its parent and is nowhere wider than it. To add a file: generate.cc, and kProfileFiles.

#include <array>
#include <map>
#include <string>
#include <string_view>

#include "apparmor/profile.h"
#include "profiles/generator/collection.h"
#include "profiles/generator/make_seccomp.h"
#include "profiles/generator/make_settings.h"
#include "profiles/generator/observed.h"
#include "profiles/generator/start_calls.h"
#include "seccomp/parse.h"
#include "shim/base/result.h"
#include "shim/policy/policy.h"

namespace runward::profiles {

inline constexpr std::string_view kSettingsFile = "profile.json";
inline constexpr std::string_view kSeccompFile = "seccomp.json";
inline constexpr std::string_view kApparmorFile = "apparmor";
inline constexpr std::string_view kReportFile = "REPORT.md";
inline constexpr std::string_view kRecordingsFile = "recordings.json";
inline constexpr std::array kProfileFiles = {kSettingsFile, kSeccompFile, kApparmorFile, kReportFile, kRecordingsFile};

// The profile that is extended, resolved.
struct Parent {
  std::string name;  // "default"
  policy::Policy policy;
  seccomp::Template seccomp;
  apparmor::Profile apparmor;

  [[nodiscard]] seccomp::Profile filter(const oci::CapabilitySet& capabilities, std::string_view architecture) const;
};

enum class Format {
  oci,     // config.json's
  docker,  // moby's: for `docker run --security-opt seccomp=FILE` too
};

struct GenerateOptions {
  std::string name;
  Headroom headroom = Headroom::portable;
  Format format = Format::oci;
  Calibration calibration = {};  // of the machine's low-level runtimes; may be empty
  Reach reach = {};              // of headroom `reachable`
};

struct Generated {
  std::map<std::string, std::string, std::less<>> files;
  Settings settings;
  StartCalls start;
  MadeSeccomp seccomp;
  apparmor::Profile apparmor;
  Observed seen;
};

Result<Generated> generate(const Collection& recordings, const GenerateOptions& options, const Parent& parent);

}  // namespace runward::profiles

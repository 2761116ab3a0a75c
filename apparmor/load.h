// SPDX-License-Identifier: Apache-2.0
#pragma once

// The kernel's AppArmor: what is loaded, and loading what runward brings (names "runward-…"; nobody else's profile is
// ever touched).
//
//   const Places places = host_places();
//   SHIM_TRY(const Readiness ready, look(places, wanted));           // for the host's facts: 0.1 ms where it is loaded
//   SHIM_CHECK(ensure_loaded(places, wanted));                        // milliseconds from the cache, else compiles
//
// Whether the loaded profile of a name is the wanted one is told by the kernel's hash of it
// (policy/profiles/NAME.N/sha256; sha1 before Linux 6.8): after each load it is written down, with a fingerprint of the
// source, below /run, which a reboot empties as it empties the kernel. Where the two don't agree (replaced, removed,
// set to complain, an older runward's) it is loaded again.

#include <optional>
#include <set>
#include <string>

#include "shim/base/result.h"

namespace runward::apparmor {

struct Places {
  std::string kernel = "/sys/kernel/security/apparmor";
  std::string
      cache;  // compiled profiles: NAME.SOURCE.FEATURES, fingerprints of the source and of the kernel's features
  std::string records;  // NAME: what was loaded last
  std::string parser;   // apparmor_parser; empty: there is none
};
Places host_places();

struct Wanted {
  std::string name;    // "runward-default"
  std::string source;  // the profile's text
};

// Names that runward may load, replace and remove.
bool is_owned(const std::string& name);

bool kernel_has_apparmor(const Places& places);

struct LoadedProfile {
  std::string name;
  std::string mode;  // "enforce", "complain", "unconfined"
  friend auto operator<=>(const LoadedProfile&,
                          const LoadedProfile&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};
// An error where the list can't be read.
Result<std::set<LoadedProfile>> loaded_profiles(const Places& places);
// As a program sees it that may only ask for a name.
Result<bool> is_loaded(const Places& places, const std::string& name);

// The kernel's own hash of a loaded profile; nothing where it is not loaded, "-" where this kernel makes no hashes.
Result<std::optional<std::string>> kernel_hash(const Places& places, const std::string& name);

// Whether what is loaded under the name was made from this source.
Result<bool> is_current(const Places& places, const Wanted& wanted);

// The compiled form, if it is there for the running kernel.
Result<std::optional<std::string>> cached(const Places& places, const Wanted& wanted);

enum class Readiness {
  loaded,       // and what is loaded is what is wanted
  loadable,     // compiled, or there is a parser to compile it
  unavailable,  // AppArmor is there, but neither; or it may not be loaded
};
Result<Readiness> look(const Places& places, const Wanted& wanted);

// Compiles it for the running kernel and keeps that.
Status prepare(const Places& places, const Wanted& wanted);

enum class Loaded { already, from_cache, compiled };
Result<Loaded> ensure_loaded(const Places& places, const Wanted& wanted);

Status unload(const Places& places, const std::string& name);

}  // namespace runward::apparmor

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where runward and `runwardctl profile verify` meet. A profile is tried out on one container, in which what the
// profile refuses is logged and let through: a weaker filter, which only root may cause, and for that container only.
//
// So a runtime's name does not give it: whoever may start containers can say --runtime=runward-verify. Each call of
// `profile verify` has a folder <state dir>/verifications/NAME, which only root can make, with a file `grant`
// (held_file.h): when it ends the grant is void, and the container can neither be started again nor entered.

#include <string>

#include "runward_build_info.h"
#include "shim/base/result.h"
#include "shim/policy/config.h"
#include "shim/policy/store.h"

namespace runward {

inline constexpr auto kVerifyingRuntime = "runward-verify";
inline constexpr auto kGrantFile = "grant";
inline constexpr auto kSessionsFolder = "sessions";

inline std::string verifications_folder() { return std::string(build_info::kStateDir) + "/verifications"; }

struct Grant {
  std::string folder;    // of the verification; profile.json and its files lie in it
  std::string profile;   // the name that people know it by
  std::string id_file;   // Docker's --cidfile
  std::string apparmor;  // the loaded profile in complain mode; empty: this kernel has no AppArmor
};
std::string print_grant(const Grant& grant);
Result<Grant> parse_grant(const std::string& text, const std::string& folder);

// Whether the engine called us by the name of that runtime.
bool is_verified(const std::string& program);

// Of this container, while it holds. An error says that there is none.
Result<Grant> find_grant(const std::string& container_id);

// The profile that is tried out, with its AppArmor profile replaced by the grant's. An error where nothing could be
// learnt, as the host or the profile does not enforce the rule seccomp.
Result<policy::LoadedPolicy> load_granted(const Grant& grant, const policy::Config& config);

// What bounds the trial: nothing is let through that neither the profile nor the profile `record` lets through.
inline constexpr auto kBoundingProfile = "record";

// Puts this process, which the container's are children of, into an audit session of its own, whose number the
// container's records have and no other's, and writes that down for who listens. Where the host does not let us,
// records are known by their process's cgroup instead.
void begin_session(const Grant& grant);

}  // namespace runward

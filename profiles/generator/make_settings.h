// SPDX-License-Identifier: Apache-2.0
#pragma once

// From what was seen to the settings of a profile.json that extends a parent: what is narrower than the parent's, and
// nothing that is wider.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "profiles/generator/make_seccomp.h"
#include "profiles/generator/observed.h"
#include "shim/oci/capability.h"
#include "shim/oci/value.h"
#include "shim/policy/policy.h"

namespace runward::profiles {

struct Settings {
  oci::CapabilitySet allowed;
  oci::CapabilitySet on_request;
  bool has_capabilities = true;      // false: they were not recorded, and the parent's stay
  std::vector<std::string> refused;  // capabilities that were used and that the parent never gives
  std::vector<policy::Scratch> scratch;
  std::vector<std::string> read_only;   // was written to, lies in the image, and can't be scratch: it will fail
  std::vector<std::string> data;        // folders outside of the image's own (volumes) that were written to
  std::vector<std::string> no_room;     // would be in scratch or data: there were more than a profile takes
  std::optional<std::uint64_t> memory;  // bytes; absent: the parent's
  std::optional<std::uint64_t> pids;
  std::optional<std::uint64_t> cpu;  // thousandths
  bool root_allowed = true;
  bool root_group_allowed = true;
};

Settings make_settings(const Observed& seen, Headroom headroom, const policy::Policy& parent);

// profile.json
oci::Value to_json(const Settings& settings, const std::string& parent, const std::string& apparmor_name,
                   const std::string& description);

}  // namespace runward::profiles

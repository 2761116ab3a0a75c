// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ids of a user namespace that the engine brings (userns-remap, --userns), as the document has them.

#include <cstdint>
#include <vector>

#include "shim/oci/spec.h"

namespace runward::harden::steps {

struct IdMapping {
  std::uint64_t container = 0;
  std::uint64_t host = 0;
  std::uint64_t size = 0;
};

constexpr auto kUidMappings = "/linux/uidMappings";
constexpr auto kGidMappings = "/linux/gidMappings";

std::vector<IdMapping> id_mappings(const oci::Spec& spec, const char* list);

}  // namespace runward::harden::steps

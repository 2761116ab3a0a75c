// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/steps/id_mappings.h"

#include <string_view>

namespace runward::harden::steps {
namespace {

std::uint64_t number(const oci::Value& object, const char* key) {
  const oci::Value* const value = oci::find(object, std::string_view(key));
  return value != nullptr && value->is_number_integer() ? value->get<std::uint64_t>() : 0;
}

}  // namespace

std::vector<IdMapping> id_mappings(const oci::Spec& spec, const char* list) {
  std::vector<IdMapping> mappings;
  const oci::Value* const entries = oci::find(spec.value(), oci::Pointer(list));
  if (entries == nullptr || !entries->is_array()) return mappings;
  for (const oci::Value& entry : *entries)
    mappings.push_back(
        {.container = number(entry, "containerID"), .host = number(entry, "hostID"), .size = number(entry, "size")});
  return mappings;
}

}  // namespace runward::harden::steps

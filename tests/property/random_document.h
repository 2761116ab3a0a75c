// SPDX-License-Identifier: Apache-2.0
#pragma once

// Random documents that a hostile caller could hand over: golden ones with keys and elements dropped, doubled and
// shuffled, and values replaced by nasty ones of the right type. Each passes oci::check_shape. The same seed gives the
// same document.

#include <cstdint>
#include <string>

#include "shim/oci/shape.h"
#include "shim/oci/value.h"

namespace runward::property {

struct RandomDocument {
  std::uint64_t seed = 0;
  std::string engine;
  oci::Document kind = oci::Document::spec;
  oci::Value value;
};

RandomDocument random_document(std::uint64_t seed);

}  // namespace runward::property

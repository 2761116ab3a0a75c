// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text to tree, as strictly as it must be so that no other reader of the same text sees something else.
//
// The low-level runtime reads with Go's encoding/json: keys match case-insensitively, of duplicates the last one wins
// and objects merge, what follows the first value is ignored. Here a duplicate key, bytes after the value, invalid
// UTF-8, a number that no 64-bit type holds, and depth or size beyond the limits are all errors; keys that differ from
// an OCI key in case only are found by check_shape (shape.h). The runtime then gets our own print, never the input.

#include <cstddef>
#include <string_view>

#include "shim/base/result.h"
#include "shim/oci/value.h"

namespace runward::oci {

struct ParseLimits {
  std::size_t max_bytes = std::size_t{16} << 20U;
  std::size_t max_depth = 64;  // nlohmann's print and copy recurse: 200,000 levels end the process
  bool comments = false;       // policy files may hold // and /* */
};

// `name` stands in the error, with line and column: `config.json:3:17: duplicate key "process"`.
Result<Value> parse(std::string_view text, std::string_view name, const ParseLimits& limits = {});

// Where the value at `pointer` (or, when it is a key of an object, its key) stands in a text that parses.
struct TextPosition {
  std::size_t line = 1;
  std::size_t column = 1;
};
TextPosition position_of(std::string_view text, const Pointer& pointer, const ParseLimits& limits = {});

}  // namespace runward::oci

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A document as text: compact, keys sorted. What nlohmann::json::dump prints, which looks at every byte of every text
// for what it would have to escape; a container waits for this.

#include <string>

#include "shim/oci/value.h"

namespace runward::oci {

// What becomes of text that is no UTF-8. Only what we made ourselves can hold any: parse() refuses it.
using BadText = Value::error_handler_t;

// Throws what dump() throws where `bad` is `strict` and a text is no UTF-8.
std::string print(const Value& document, BadText bad = BadText::strict);

}  // namespace runward::oci

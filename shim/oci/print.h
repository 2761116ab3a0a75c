// SPDX-License-Identifier: Apache-2.0
#pragma once

// A document as text: compact, keys sorted. What nlohmann::json::dump prints, which looks at every byte of every text
// for what it would have to escape; a container waits for this.

#include <string>
#include <string_view>
#include <utility>

#include "shim/oci/value.h"

namespace runward::oci {

// What becomes of text that is no UTF-8. Only what we made ourselves can hold any: parse() refuses it.
using BadText = Value::error_handler_t;

// The same, part by part:
//   Writer out; out.begin_object().key("pid").value(1).key("name").text("init").end_object(); out.take();
class Writer {
 public:
  explicit Writer(BadText bad = BadText::strict);

  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view name);
  Writer& text(std::string_view text);
  Writer& value(const Value& value);
  std::string take() { return std::move(out_); }

 private:
  void separate();
  void quote(std::string_view text);
  void library(const Value& value);

  BadText bad_;
  std::string out_;
};

// Throws what dump() throws where `bad` is `strict` and a text is no UTF-8.
std::string print(const Value& document, BadText bad = BadText::strict);

}  // namespace runward::oci

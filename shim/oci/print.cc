// SPDX-License-Identifier: Apache-2.0
#include "shim/oci/print.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace runward::oci {
namespace {

// Stands in JSON as it is: printable ASCII without quote and backslash. Nearly all text of a document.
constexpr auto kIsPlain = [] {
  std::array<bool, 256> plain{};
  for (unsigned letter = 0x20; letter < 0x7f; ++letter) plain.at(letter) = letter != '"' && letter != '\\';
  return plain;
}();

std::size_t plain_length(std::string_view text) {
  const auto is_plain = [](char letter) { return kIsPlain[static_cast<unsigned char>(letter)]; };
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
}

// Of what is frequent in text over several lines; the rest is the library's.
std::string_view escape(char letter) {
  if (letter == '"') return "\\\"";
  if (letter == '\\') return "\\\\";
  return letter == '\n' ? "\\n" : "";
}

// What a document of Docker's takes.
constexpr std::size_t kUsual = std::size_t{20} << 10U;

}  // namespace

Writer::Writer(BadText bad) : bad_(bad) { out_.reserve(kUsual); }

// A comma, unless what stands there last opens something: a text ends with a quote.
void Writer::separate() {
  if (out_.empty()) return;
  const char last = out_.back();
  if (last != '{' && last != '[' && last != ':') out_ += ',';
}

Writer& Writer::begin_object() {
  separate();
  out_ += '{';
  return *this;
}

Writer& Writer::end_object() {
  out_ += '}';
  return *this;
}

Writer& Writer::begin_array() {
  separate();
  out_ += '[';
  return *this;
}

Writer& Writer::end_array() {
  out_ += ']';
  return *this;
}

Writer& Writer::key(std::string_view name) {
  text(name);
  out_ += ':';
  return *this;
}

Writer& Writer::text(std::string_view text) {
  separate();
  quote(text);
  return *this;
}

Writer& Writer::value(const Value& value) {
  if (value.is_string()) return text(value.get_ref<const std::string&>());
  if (value.is_array()) {
    begin_array();
    for (const Value& element : value.get_ref<const Value::array_t&>()) this->value(element);
    return end_array();
  }
  if (value.is_object()) {
    begin_object();
    for (const auto& [name, member] : value.get_ref<const Value::object_t&>()) key(name).value(member);
    return end_object();
  }
  separate();
  if (value.is_number_unsigned())
    out_ += std::to_string(value.get<std::uint64_t>());
  else if (value.is_boolean())
    out_ += value.get<bool>() ? "true" : "false";
  else
    library(value);
  return *this;
}

void Writer::library(const Value& value) { out_ += value.dump(-1, ' ', false, bad_); }

void Writer::quote(std::string_view text) {
  const std::size_t begin = out_.size();
  out_ += '"';
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t plain = plain_length(rest);
    out_ += rest.substr(0, plain);
    if (plain == rest.size()) break;
    const std::string_view escaped = escape(rest[plain]);
    if (escaped.empty()) {
      out_.resize(begin);
      return library(text);
    }
    out_ += escaped;
    rest.remove_prefix(plain + 1);
  }
  out_ += '"';
}

std::string print(const Value& document, BadText bad) { return Writer(bad).value(document).take(); }

}  // namespace runward::oci

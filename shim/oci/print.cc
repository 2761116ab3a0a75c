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

class Printer {
 public:
  explicit Printer(BadText bad) : bad_(bad) { out_.reserve(kUsual); }

  void value(const Value& value) {
    if (value.is_string()) return text(value.get_ref<const std::string&>());
    if (value.is_array()) return array(value.get_ref<const Value::array_t&>());
    if (value.is_object()) return object(value.get_ref<const Value::object_t&>());
    if (value.is_number_unsigned()) return number(value.get<std::uint64_t>());
    if (value.is_boolean()) return word(value.get<bool>() ? "true" : "false");
    library(value);
  }
  std::string take() { return std::move(out_); }

 private:
  void library(const Value& value) { out_ += value.dump(-1, ' ', false, bad_); }
  void word(std::string_view word) { out_ += word; }
  void number(std::uint64_t number) { out_ += std::to_string(number); }

  void text(const std::string& text) {
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

  void array(const Value::array_t& elements) {
    const char* separator = "";
    out_ += '[';
    for (const Value& element : elements) {
      out_ += std::exchange(separator, ",");
      value(element);
    }
    out_ += ']';
  }

  void object(const Value::object_t& members) {
    const char* separator = "";
    out_ += '{';
    for (const auto& [key, member] : members) {
      out_ += std::exchange(separator, ",");
      text(key);
      out_ += ':';
      value(member);
    }
    out_ += '}';
  }

  BadText bad_;
  std::string out_;
};

}  // namespace

std::string print(const Value& document, BadText bad) {
  Printer printer(bad);
  printer.value(document);
  return printer.take();
}

}  // namespace runward::oci

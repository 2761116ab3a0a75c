// SPDX-License-Identifier: Apache-2.0
#include "profiles/bytes.h"

#include <array>
#include <cstddef>

#include "shim/base/number.h"

namespace runward::profiles {
namespace {

constexpr std::size_t kEscaped = 4;  // \xNN

unsigned char byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

bool continues(std::string_view bytes, std::size_t at) {
  return at < bytes.size() && (byte_at(bytes, at) & 0xc0U) == 0x80U;
}

// How many bytes the UTF-8 character that begins here takes (Unicode 15, table 3-7); 0: none begins here.
std::size_t character_length(std::string_view bytes, std::size_t at) {
  const unsigned char first = byte_at(bytes, at);
  if (first < 0x80U) return 1;
  if (first < 0xc2U || first > 0xf4U || !continues(bytes, at + 1)) return 0;
  if (first < 0xe0U) return 2;
  const unsigned char second = byte_at(bytes, at + 1);
  if (first == 0xe0U && second < 0xa0U) return 0;  // could be written shorter
  if (first == 0xedU && second > 0x9fU) return 0;  // half of a UTF-16 pair
  if (!continues(bytes, at + 2)) return 0;
  if (first < 0xf0U) return 3;
  if (first == 0xf0U && second < 0x90U) return 0;
  if (first == 0xf4U && second > 0x8fU) return 0;  // beyond Unicode
  return continues(bytes, at + 3) ? 4 : 0;
}

// U+0080 to U+009F: control characters too, of which some terminals take commands.
bool is_control(std::string_view bytes, std::size_t at, std::size_t length) {
  const unsigned char first = byte_at(bytes, at);
  return (length == 1 && (first < 0x20U || first == 0x7fU)) ||
         (length == 2 && first == 0xc2U && byte_at(bytes, at + 1) < 0xa0U);
}

void append_escaped(std::string& text, unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  text.append("\\x").append(1, kDigits[byte >> 4U]).append(1, kDigits[byte & 0xfU]);
}

std::optional<char> unescaped(std::string_view text) {
  if (text.size() < kEscaped || text[1] != 'x') return std::nullopt;
  const auto value = parse_number<unsigned>(text.substr(2, kEscaped - 2), 16);
  return value ? std::optional(static_cast<char>(*value)) : std::nullopt;
}

}  // namespace

std::string to_text(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = character_length(bytes, at);
    if (length == 0 || bytes[at] == '\\' || is_control(bytes, at, length)) {
      for (std::size_t i = 0; i < (length == 2 ? 2U : 1U); ++i) append_escaped(text, byte_at(bytes, at++));
    } else {
      text.append(bytes.substr(at, length));
      at += length;
    }
  }
  return text;
}

std::optional<std::string> from_text(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      bytes.push_back(text[at++]);
      continue;
    }
    const auto byte = unescaped(text.substr(at));
    if (!byte) return std::nullopt;
    bytes.push_back(*byte);
    at += kEscaped;
  }
  return bytes;
}

}  // namespace runward::profiles

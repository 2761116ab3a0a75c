// SPDX-License-Identifier: Apache-2.0
#pragma once

// The hash FNV-1a, 64 bits (RFC 9923): a fingerprint that shows a change, not one that withstands an attacker.

#include <cstdint>
#include <string>
#include <string_view>

namespace runward {

class Fnv1a {
 public:
  void add(std::string_view text) {
    for (const char byte : text) add_byte(static_cast<unsigned char>(byte));
    add_byte(0);  // so that moving text from one call to the next shows
  }
  [[nodiscard]] std::string hex() const {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (unsigned shift = 64; shift > 0; shift -= 4) text.push_back(kDigits[(state_ >> (shift - 4)) & 0xfU]);
    return text;
  }

 private:
  void add_byte(unsigned char byte) { state_ = (state_ ^ byte) * 0x100000001b3U; }
  std::uint64_t state_ = 0xcbf29ce484222325U;
};

}  // namespace runward

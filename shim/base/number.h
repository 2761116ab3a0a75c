// SPDX-License-Identifier: Apache-2.0
#pragma once

// Numbers out of text, as std::from_chars reads them: digits, with a minus where the type has one; no blanks, no plus,
// nothing too large for the type.
//
//   parse_number<std::uint32_t>("42")    // 42; nothing for "", "42 ", "-1", "4294967296"
//   std::string_view rest = "3.17";
//   take_number<unsigned>(rest)          // 3, and rest is ".17"; nothing, and rest as it was, for "x"

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>

namespace runward {

template <std::integral Number>
std::optional<Number> take_number(std::string_view& text, int base = 10) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

template <std::integral Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
  const auto number = take_number<Number>(text, base);
  return text.empty() ? number : std::nullopt;
}

}  // namespace runward

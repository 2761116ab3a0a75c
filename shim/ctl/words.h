// SPDX-License-Identifier: Apache-2.0
#pragma once

// Lists for people.

#include <string>
#include <string_view>

namespace runward::ctl {

// "a, b, c"
std::string joined(const auto& words, std::string_view between = ", ") {
  std::string text;
  for (const auto& word : words) text.append(text.empty() ? "" : between).append(word);
  return text;
}

}  // namespace runward::ctl

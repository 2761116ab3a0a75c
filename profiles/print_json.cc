// SPDX-License-Identifier: Apache-2.0
#include "profiles/print_json.h"

#include <algorithm>
#include <cstddef>

namespace runward::profiles {
namespace {

// How deep it is nested: nothing in a plain value, one level in an object or list of them.
std::size_t height_of(const oci::Value& value) {
  if (!value.is_structured()) return 0;
  std::size_t height = 0;
  for (const oci::Value& item : value) height = std::max(height, height_of(item));
  return height + 1;
}

// By shape and not by length: that a name got longer must not change other lines. A list of texts (paths) has a line
// for each.
bool fits_one_line(const oci::Value& value, std::size_t depth) {
  if (!value.is_structured() || value.empty()) return true;
  if (value.is_array() && value.front().is_string()) return false;
  constexpr std::size_t kSpreadOut = 2;
  constexpr std::size_t kHighest = 2;
  return depth >= kSpreadOut && height_of(value) <= kHighest;
}

// Compact, with a space after comma and colon.
std::string in_one_line(const oci::Value& value) {
  if (!value.is_structured() || value.empty()) return value.dump();
  std::string text(1, value.is_array() ? '[' : '{');
  for (auto item = value.begin(); item != value.end(); ++item) {
    if (item != value.begin()) text.append(", ");
    if (value.is_object()) text.append(oci::Value(item.key()).dump()).append(": ");
    text.append(in_one_line(*item));
  }
  return text.append(1, value.is_array() ? ']' : '}');
}

void print(const oci::Value& value, std::size_t depth, std::string& text) {
  if (fits_one_line(value, depth)) {
    text.append(in_one_line(value));
    return;
  }
  const std::string indent((depth + 1) * 2, ' ');
  text.append(1, value.is_array() ? '[' : '{');
  for (auto item = value.begin(); item != value.end(); ++item) {
    text.append(item == value.begin() ? "\n" : ",\n").append(indent);
    if (value.is_object()) text.append(oci::Value(item.key()).dump()).append(": ");
    print(*item, depth + 1, text);
  }
  text.append("\n").append(depth * 2, ' ').append(1, value.is_array() ? ']' : '}');
}

}  // namespace

std::string print_json(const oci::Value& value) {
  std::string text;
  print(value, 0, text);
  return text.append("\n");
}

}  // namespace runward::profiles

// SPDX-License-Identifier: Apache-2.0
#include "apparmor/profile.h"

#include <algorithm>

namespace runward::apparmor {

Permissions FileRule::effective() const {
  using enum Permission;
  if (!path) return {read, write, append, link, lock, map, execute};
  Permissions all = permissions;
  if (all.has(write)) all.add(append);
  if (transition) all.add(execute);
  if (transition == Transition::inherit) all.add(map);
  return all;
}

bool is_profile_name(std::string_view name) {
  constexpr std::size_t kLongest = 128;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto may_follow = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kLongest && is_letter(name.front()) && std::ranges::all_of(name, may_follow);
}

std::string stacked(std::string_view a, std::string_view b) {
  if (a == b) return std::string(a);
  return std::string(a).append("//&").append(b);
}

}  // namespace runward::apparmor

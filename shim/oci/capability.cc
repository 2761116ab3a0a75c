// SPDX-License-Identifier: Apache-2.0
#include "shim/oci/capability.h"

#include <cap-ng.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>

namespace runward::oci {
namespace {

std::string changed(std::string_view name, char first, char last, int by) {
  std::string text(name);
  for (char& letter : text)
    if (letter >= first && letter <= last) letter = static_cast<char>(letter + by);
  return text;
}
std::string upper(std::string_view name) { return changed(name, 'a', 'z', 'A' - 'a'); }
std::string lower(std::string_view name) { return changed(name, 'A', 'Z', 'a' - 'A'); }

constexpr unsigned kMost = 64;

// "chown" and so on, as libcap-ng knows them, whose own search compares each letter of each name in both cases: a
// document names some hundred. Empty where it knows none yet: it asks the kernel how many there are when the program
// begins, which may be later than this.
const std::array<std::string, kMost>& known_names() {
  static const auto kNames = [] {
    std::array<std::string, kMost> names;
    for (unsigned number = 0; number < kMost; ++number)
      if (const char* const name = ::capng_capability_to_name(number)) names[number] = name;
    return names;
  }();
  return kNames;
}

}  // namespace

std::optional<Capability> parse_capability(std::string_view name) {
  std::string plain = lower(name);
  if (plain.starts_with("cap_")) plain.erase(0, 4);
  if (plain.empty()) return std::nullopt;
  const auto& names = known_names();
  const auto found = std::ranges::find(names, plain);
  if (found != names.end()) return Capability{static_cast<unsigned>(found - names.begin())};
  const int number = ::capng_name_to_capability(plain.c_str());
  if (number < 0 || static_cast<unsigned>(number) >= kMost) return std::nullopt;
  return Capability{static_cast<unsigned>(number)};
}

std::string to_string(Capability capability) {
  const char* const name = ::capng_capability_to_name(capability.number);
  return name == nullptr ? "CAP_" + std::to_string(capability.number) : "CAP_" + upper(name);
}

CapabilitySet::CapabilitySet(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto capability = parse_capability(name);
    assert(capability.has_value());
    add(*capability);
  }
}

std::size_t CapabilitySet::size() const { return static_cast<std::size_t>(std::popcount(bits_)); }

std::vector<Capability> CapabilitySet::members() const {
  std::vector<Capability> all;
  for (unsigned number = 0; number < kMost; ++number)
    if (has(Capability{number})) all.push_back(Capability{number});
  return all;
}

std::vector<std::string> CapabilitySet::names() const {
  std::vector<std::string> all;
  for (const Capability capability : members()) all.push_back(to_string(capability));
  return all;
}

}  // namespace runward::oci

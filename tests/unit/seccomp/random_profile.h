// SPDX-License-Identifier: Apache-2.0
#pragma once

// Random profiles, and calls that are likely to tell them apart: by values around those that the rules compare with.

#include <random>
#include <string>
#include <vector>

#include "seccomp/profile.h"

namespace runward::seccomp {

class RandomProfiles {
 public:
  explicit RandomProfiles(unsigned seed) : random_(seed) {}

  // Calls that x86-64 and arm64 both have.
  static const std::vector<std::string>& calls() {
    static const std::vector<std::string> kCalls = {"getppid", "socket", "ioctl", "clone", "personality", "prctl"};
    return kCalls;
  }

  Profile profile() {
    Profile made;
    made.default_outcome = outcome();
    for (const std::string& call : calls())
      if (below(4) != 0) made.calls[call] = rules();
    return made;
  }

  Rules rules() {
    Rules made;
    const unsigned count = 1 + below(3);
    for (unsigned i = 0; i < count; ++i) made.push_back(rule());
    return made;
  }

  // Around what some condition of the two compares with, or anything.
  Arguments arguments(const std::vector<const Profile*>& profiles, const std::string& call) {
    Arguments made{};
    for (std::uint64_t& argument : made) argument = value();
    for (const Profile* profile : profiles) {
      const auto found = profile->calls.find(call);
      if (found == profile->calls.end()) continue;
      for (const Rule& rule : found->second)
        for (const Condition& condition : rule.conditions)
          if (below(2) == 0) made.at(condition.argument) = near(condition);
    }
    return made;
  }

  unsigned below(unsigned end) { return std::uniform_int_distribution<unsigned>(0, end - 1)(random_); }

 private:
  Outcome outcome() {
    switch (below(6)) {
      case 0:
        return {.action = Action::error, .data = 1};
      case 1:
        return {.action = Action::error, .data = 38};
      case 2:
        return {.action = Action::error, .data = static_cast<std::uint16_t>(1 + below(100))};
      case 3:
        return {.action = Action::log, .data = 0};
      default:
        return {.action = Action::allow, .data = 0};
    }
  }

  std::uint64_t value() {
    constexpr std::uint64_t kAboveHalf = std::uint64_t{1} << 32U;
    switch (below(6)) {
      case 0:
        return below(4);
      case 1:
        return below(64);
      case 2:
        return kAboveHalf + below(4);
      case 3:
        return ~std::uint64_t{0} - below(3);
      case 4:
        return std::uint64_t{1} << below(64);
      default:
        return std::uniform_int_distribution<std::uint64_t>()(random_);
    }
  }

  std::uint64_t near(const Condition& condition) {
    switch (below(5)) {
      case 0:
        return condition.value + 1;
      case 1:
        return condition.value - 1;
      case 2:
        return condition.value ^ (std::uint64_t{1} << below(64));
      case 3:
        return condition.value | (~condition.mask & value());
      default:
        return condition.value;
    }
  }

  std::uint64_t mask() {
    constexpr std::uint64_t kLowerHalf = 0xFFFFFFFF;
    std::uint64_t made = below(3) == 0 ? kLowerHalf : 0;
    for (unsigned bits = 1 + below(3); bits > 0; --bits) made |= std::uint64_t{1} << below(64);
    return made;
  }

  Condition condition(unsigned argument) {
    Condition made{.argument = argument, .compare = Compare::equal, .value = value()};
    switch (below(4)) {
      case 0:
        made.compare = static_cast<Compare>(below(6));
        if (below(2) == 0) made.value = below(256);
        return made;
      case 1:
        return made;
      default:
        made.compare = Compare::masked_equal;
        made.mask = mask();
        made.value &= made.mask;
        return made;
    }
  }

  Rule rule() {
    Rule made{.conditions = {}, .outcome = outcome()};
    for (unsigned argument = 0; argument < kArgumentCount; ++argument)
      if (below(6) == 0) made.conditions.push_back(condition(argument));
    return made;
  }

  std::mt19937 random_;
};

}  // namespace runward::seccomp

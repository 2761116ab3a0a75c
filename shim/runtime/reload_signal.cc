// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/reload_signal.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <string>

#include "shim/base/number.h"

namespace runward::runtime {
namespace {

struct Signal {
  int number;
  std::string_view name;
};
constexpr std::array kReload = {Signal{SIGHUP, "HUP"}, Signal{SIGUSR1, "USR1"}, Signal{SIGUSR2, "USR2"}};

// 0, which is no signal: no number.
int number_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  return parse_number<int>(text).value_or(0);
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& letter : upper)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  return upper;
}

}  // namespace

bool tells_to_reload(std::string_view signal) {
  constexpr std::string_view kPrefix = "SIG";
  const int number = number_of(signal);
  const std::string upper = upper_case(signal);
  std::string_view name = upper;
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  return std::ranges::any_of(kReload,
                             [&](const Signal& known) { return number == known.number || name == known.name; });
}

}  // namespace runward::runtime

// SPDX-License-Identifier: Apache-2.0
#include "seccomp/profile.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <iterator>
#include <utility>

namespace runward::seccomp {
namespace {

constexpr std::array<std::pair<Action, std::string_view>, 9> kActions = {{
    {Action::kill_process, "SCMP_ACT_KILL_PROCESS"},
    {Action::kill_thread, "SCMP_ACT_KILL_THREAD"},
    {Action::kill_thread, "SCMP_ACT_KILL"},
    {Action::trap, "SCMP_ACT_TRAP"},
    {Action::error, "SCMP_ACT_ERRNO"},
    {Action::trace, "SCMP_ACT_TRACE"},
    {Action::notify, "SCMP_ACT_NOTIFY"},
    {Action::log, "SCMP_ACT_LOG"},
    {Action::allow, "SCMP_ACT_ALLOW"},
}};

struct CompareWords {
  Compare compare;
  std::string_view oci;
  std::string_view sign;
};
constexpr std::array kCompares = {
    CompareWords{Compare::not_equal, "SCMP_CMP_NE", "!="},           CompareWords{Compare::less, "SCMP_CMP_LT", "<"},
    CompareWords{Compare::less_or_equal, "SCMP_CMP_LE", "<="},       CompareWords{Compare::equal, "SCMP_CMP_EQ", "=="},
    CompareWords{Compare::greater_or_equal, "SCMP_CMP_GE", ">="},    CompareWords{Compare::greater, "SCMP_CMP_GT", ">"},
    CompareWords{Compare::masked_equal, "SCMP_CMP_MASKED_EQ", "=="},
};

const CompareWords& words_of(Compare compare) { return *std::ranges::find(kCompares, compare, &CompareWords::compare); }

Outcome of_same_action(Outcome a, Outcome b) {
  if (a.data == ENOSYS || b.data == ENOSYS) return a.data == ENOSYS ? a : b;
  return a.data < b.data ? a : b;
}

std::string errno_name(int number) {
  const char* const name = ::strerrorname_np(number);
  return name == nullptr ? std::to_string(number) : name;
}

std::string hex(std::uint64_t value) {
  constexpr int kBase = 16;
  std::array<char, kBase> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, kBase).ptr;
  return "0x" + std::string(digits.data(), end);
}

}  // namespace

Outcome stricter(Outcome a, Outcome b) {
  if (a.action != b.action) return a.action < b.action ? a : b;
  return of_same_action(a, b);
}

Outcome more_lenient(Outcome a, Outcome b) {
  if (a.action != b.action) return a.action > b.action ? a : b;
  return of_same_action(a, b);
}

bool holds(const Condition& condition, const Arguments& arguments) {
  assert(condition.argument < kArgumentCount);
  const std::uint64_t given = arguments.at(condition.argument);
  switch (condition.compare) {
    case Compare::not_equal:
      return given != condition.value;
    case Compare::less:
      return given < condition.value;
    case Compare::less_or_equal:
      return given <= condition.value;
    case Compare::equal:
      return given == condition.value;
    case Compare::greater_or_equal:
      return given >= condition.value;
    case Compare::greater:
      return given > condition.value;
    case Compare::masked_equal:
      return (given & condition.mask) == condition.value;
  }
  return false;
}

Rules always(Outcome outcome) {
  Rules rules(1);  // a list in braces is copied
  rules.front().outcome = outcome;
  return rules;
}

Calls::Iterator Calls::find(std::string_view name) const {
  const auto place = std::ranges::lower_bound(entries_, name, {}, &Entry::first);
  return place != end() && place->first == name ? place : end();
}

Rules& Calls::operator[](std::string_view name) {
  auto place = std::ranges::lower_bound(entries_, name, {}, &Entry::first);
  if (place == entries_.end() || place->first != name) place = entries_.emplace(place, name, Rules{});
  return place->second;
}

void Calls::erase(std::string_view name) {
  if (const auto found = find(name); found != end()) entries_.erase(found);
}

void Calls::add_missing(std::vector<Entry> entries) {
  assert(std::ranges::is_sorted(entries, {}, &Entry::first));
  const auto there = static_cast<std::ptrdiff_t>(size());
  std::erase_if(entries, [&](const Entry& entry) { return contains(entry.first); });
  std::ranges::move(entries, std::back_inserter(entries_));
  std::ranges::inplace_merge(entries_, entries_.begin() + there, {}, &Entry::first);
}

Outcome decide(const Profile& profile, std::string_view call, const Arguments& arguments) {
  const auto rules = profile.calls.find(call);
  if (rules == profile.calls.end()) return profile.default_outcome;
  std::optional<Outcome> strictest;
  for (const Rule& rule : rules->second) {
    const auto is_met = [&](const Condition& condition) { return holds(condition, arguments); };
    if (!std::ranges::all_of(rule.conditions, is_met)) continue;
    strictest = strictest ? stricter(*strictest, rule.outcome) : rule.outcome;
  }
  return strictest.value_or(profile.default_outcome);
}

std::string_view to_string(Action action) {
  return std::ranges::find(kActions, action, [](const auto& row) { return row.first; })->second;
}

std::optional<Action> parse_action(std::string_view word) {
  const auto found = std::ranges::find(kActions, word, [](const auto& row) { return row.second; });
  return found == kActions.end() ? std::nullopt : std::optional(found->first);
}

std::string_view to_string(Compare compare) { return words_of(compare).oci; }

std::optional<Compare> parse_compare(std::string_view word) {
  const auto found = std::ranges::find(kCompares, word, &CompareWords::oci);
  return found == kCompares.end() ? std::nullopt : std::optional(found->compare);
}

std::string to_text(const Condition& condition) {
  std::string text = "arg" + std::to_string(condition.argument);
  if (condition.compare == Compare::masked_equal) text += " & " + hex(condition.mask);
  return text.append(" ").append(words_of(condition.compare).sign).append(" ").append(hex(condition.value));
}

std::string to_text(Outcome outcome) {
  switch (outcome.action) {
    case Action::kill_process:
      return "kill process";
    case Action::kill_thread:
      return "kill thread";
    case Action::trap:
      return "trap";
    case Action::error:
      return "error " + errno_name(outcome.data);
    case Action::trace:
      return "trace";
    case Action::notify:
      return "notify";
    case Action::log:
      return "allow and log";
    case Action::allow:
      return "allow";
  }
  return "";
}

}  // namespace runward::seccomp

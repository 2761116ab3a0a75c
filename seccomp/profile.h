// SPDX-License-Identifier: Apache-2.0
#pragma once

// A seccomp profile as a value: what happens to each system call, by name and by the values of its arguments.
//
//   Profile profile{.default_outcome = {Action::error, EPERM}};
//   profile.calls["getpid"] = {Rule{.outcome = {Action::allow}}};
//   profile.calls["clone"] = {Rule{.conditions = {{.argument = 0, .compare = Compare::masked_equal,
//                                                  .value = 0, .mask = 0x7E020000}}, .outcome = {Action::allow}}};
//
// The words are those of the OCI runtime-spec (config-linux.md, "Seccomp") and of seccomp(2). One thing is ours: where
// two rules of one call hold for the same arguments, the stricter outcome counts. (libseccomp keeps the one that has no
// conditions, whatever it says, so an exception to a call that is allowed has no effect there.)

#include <array>
#include <cassert>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runward::seccomp {

inline constexpr std::size_t kArgumentCount = 6;
using Arguments = std::array<std::uint64_t, kArgumentCount>;

// From the strictest to the most lenient. `trace` and `notify` ask another program, which may say yes.
enum class Action : std::uint8_t { kill_process, kill_thread, trap, error, trace, notify, log, allow };

struct Outcome {
  Action action = Action::kill_process;
  std::uint16_t data = 0;  // the errno of `error`, the message of `trace`; else 0
  friend auto operator<=>(const Outcome&, const Outcome&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};

// The call may reach the kernel.
constexpr bool lets_through(Outcome outcome) { return outcome.action >= Action::trace; }

// Of two outcomes the stricter one, and the more lenient one. Errors are all equally strict: of two that differ ENOSYS
// counts ("not there", which programs fall back from), else the smaller number.
Outcome stricter(Outcome a, Outcome b);
Outcome more_lenient(Outcome a, Outcome b);

enum class Compare : std::uint8_t { not_equal, less, less_or_equal, equal, greater_or_equal, greater, masked_equal };

// All comparisons are of 64 bits without a sign, as the filter does them. The kernel looks at the lower half only of an
// argument that is an int: to allow such a value compare under the mask 0xFFFFFFFF, and never rely on `not_equal`.
struct Condition {
  unsigned argument = 0;  // from 0
  Compare compare = Compare::equal;
  std::uint64_t value = 0;
  std::uint64_t mask = ~std::uint64_t{0};  // of masked_equal: (argument & mask) == value
  friend auto operator<=>(const Condition&,
                          const Condition&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};

bool holds(const Condition& condition, const Arguments& arguments);

// Holds where all of its conditions hold; at most one for each argument.
struct Rule {
  std::vector<Condition> conditions;
  Outcome outcome;
  friend auto operator<=>(const Rule&, const Rule&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};
using Rules = std::vector<Rule>;

// The one rule of a call whose arguments do not matter.
Rules always(Outcome outcome);

// What is said of each call that is named, sorted by name. To use like a std::map, but one piece of memory: a container
// waits while filters of hundreds of calls are made and put together. To add one costs a look at all that come behind
// it, so where there are many they are appended in their order.
class Calls {
 public:
  using Entry = std::pair<std::string, Rules>;
  using Iterator = std::vector<Entry>::const_iterator;

  [[nodiscard]] Iterator begin() const { return entries_.begin(); }
  [[nodiscard]] Iterator end() const { return entries_.end(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] Iterator find(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const { return find(name) != end(); }

  Rules& operator[](std::string_view name);  // added without rules where it is not there
  void erase(std::string_view name);
  void reserve(std::size_t count) { entries_.reserve(count); }
  // The name comes behind all that are there.
  void append(std::string_view name, Rules rules) {
    assert(empty() || entries_.back().first < name);
    entries_.emplace_back(name, std::move(rules));
  }
  // What is there stays as it is. `entries` are sorted by name too, each name once.
  void add_missing(std::vector<Entry> entries);

  template <typename Change>
  void change_outcomes(Change change) {
    for (Entry& entry : entries_)
      for (Rule& rule : entry.second) rule.outcome = change(rule.outcome);
  }
  template <typename Wanted>
  friend void erase_if(Calls& calls, Wanted wanted) {
    std::erase_if(calls.entries_, std::move(wanted));
  }
  friend bool operator==(const Calls&, const Calls&) = default;

 private:
  std::vector<Entry> entries_;
};

struct Profile {
  Outcome default_outcome;                 // of a call that is not named, and where no rule of a named one holds
  std::vector<std::string> architectures;  // "SCMP_ARCH_X86_64"; empty: the machine's own only
  std::vector<std::string> flags;          // "SECCOMP_FILTER_FLAG_LOG"
  Calls calls;
  friend bool operator==(const Profile&, const Profile&) = default;
};

// Of the default and of every rule: outcome = change(outcome).
template <typename Change>
void change_outcomes(Profile& profile, Change change) {
  profile.default_outcome = change(profile.default_outcome);
  profile.calls.change_outcomes(change);
}

// What the profile says of one call: the strictest outcome of the rules that hold, else the default.
Outcome decide(const Profile& profile, std::string_view call, const Arguments& arguments);

// "SCMP_ACT_ERRNO" and so on, both ways; SCMP_ACT_KILL is kill_thread.
std::string_view to_string(Action action);
std::optional<Action> parse_action(std::string_view word);
std::string_view to_string(Compare compare);  // "SCMP_CMP_EQ"
std::optional<Compare> parse_compare(std::string_view word);

// For people: "arg0 & 0x7e020000 == 0x0".
std::string to_text(const Condition& condition);
std::string to_text(Outcome outcome);  // "allow", "error EPERM"

}  // namespace runward::seccomp

// SPDX-License-Identifier: Apache-2.0
#include "seccomp/derive.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <set>
#include <utility>

#include "seccomp/algebra.h"
#include "seccomp/compile.h"
#include "seccomp/sets.h"

namespace runward::seccomp {
namespace {

// A call that the machine does not have costs the runtime time and does nothing. Where another architecture is allowed
// too, its multiplexed calls (socketcall) have names without numbers: all stay then.
void drop_absent(Profile& profile, const std::string& native) {
  const bool is_native_only = profile.architectures.empty() && !native.empty();
  const SyscallTable table(native);
  erase_if(profile.calls, [&](const Calls::Entry& call) {
    return is_native_only ? !table.number(call.first) : !is_syscall(call.first);
  });
}

// A list of none is the machine's own alone, which the runtimes add to every list.
std::set<std::string> with_native(const std::vector<std::string>& architectures, const std::string& native) {
  std::set<std::string> all(architectures.begin(), architectures.end());
  all.insert(native);
  return all;
}

std::vector<std::string> common_architectures(const Profile& a, const Profile& b, const std::string& native) {
  const auto of_a = with_native(a.architectures, native);
  const auto of_b = with_native(b.architectures, native);
  std::vector<std::string> common;
  std::ranges::set_intersection(of_a, of_b, std::back_inserter(common));
  return common.size() == 1 ? std::vector<std::string>() : common;
}

constexpr Outcome kNotThere{.action = Action::error, .data = ENOSYS};

void answer_probes(Profile& profile) {
  if (profile.default_outcome.action != Action::error || profile.default_outcome == kNotThere) return;
  std::vector<Calls::Entry> answers;
  for (const std::string_view call : find_set(kProbed)->calls)
    if (!profile.calls.contains(call)) answers.emplace_back(call, always(kNotThere));
  profile.calls.add_missing(std::move(answers));
}

bool says_not_there(const Rules& rules) {
  return !rules.empty() && std::ranges::all_of(rules, [](const Rule& rule) { return rule.outcome == kNotThere; });
}

constexpr Outcome kLogged{.action = Action::log, .data = 0};

Outcome logged(Outcome outcome) { return lets_through(outcome) ? kLogged : outcome; }

Outcome logged_if_allowed(Outcome outcome) { return outcome.action == Action::allow ? kLogged : outcome; }

}  // namespace

Derived derive(const Template& baseline, const Environment& environment, const Profile* asked) {
  Profile ours = baseline.resolve(environment);
  Combined combined = asked == nullptr ? normalise(ours) : intersect(ours, *asked);
  Profile& profile = combined.profile;
  profile.architectures = common_architectures(ours, asked == nullptr ? ours : *asked, environment.architecture);
  answer_probes(profile);
  drop_absent(profile, environment.architecture);
  return {.profile = std::move(profile), .ours = std::move(ours), .given_up = std::move(combined.given_up)};
}

Profile log_refusals(const Profile& profile, const Profile& within) {
  Profile loose = within;
  change_outcomes(loose, &logged);
  for (const auto& [call, rules] : profile.calls)
    if (says_not_there(rules)) loose.calls[call] = always(kNotThere);
  return merge(profile, loose).profile;
}

Profile log_allowed(const Profile& profile) {
  Profile logging = profile;
  change_outcomes(logging, &logged_if_allowed);
  return logging;
}

std::optional<std::string> hinders_dropping(const Derived& derived) {
  constexpr std::array<std::string_view, 12> kDropping = {"capget",    "capset",    "prctl",     "setfsgid",
                                                          "setfsuid",  "setgid",    "setgroups", "setregid",
                                                          "setresgid", "setresuid", "setreuid",  "setuid"};
  for (const std::string_view call : kDropping)
    if (find_excess(derived.ours, derived.profile, std::string(call))) return std::string(call);
  return std::nullopt;
}

std::optional<std::string> keeps_from_starting(const Profile& profile) {
  constexpr std::array<std::string_view, 2> kNeeded = {"execve", "exit_group"};
  for (const std::string_view call : kNeeded)
    if (reach_of(profile, call) == Reach::never) return std::string(call);
  return std::nullopt;
}

}  // namespace runward::seccomp

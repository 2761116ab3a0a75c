// SPDX-License-Identifier: Apache-2.0
#include "seccomp/algebra.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "seccomp/diagram.h"
#include "seccomp/rules.h"

namespace runward::seccomp {
namespace {

using Ref = Diagrams::Ref;

// More rules of one call than any author writes by hand.
constexpr std::size_t kMostRulesOfACall = 1024;
// Of all calls together: about a second.
constexpr std::size_t kMostSteps = 1'000'000;
constexpr auto kAnyOther = "*";

const Rules& rules_for(const Profile& profile, std::string_view call) {
  static const Rules kNone;
  const auto found = profile.calls.find(call);
  return found == profile.calls.end() ? kNone : found->second;
}

// One profile's part in what is said of one call.
struct Side {
  const Rules& rules;
  Outcome otherwise;

  // Rules that need no rewriting where that is the default.
  [[nodiscard]] bool is_plain(Outcome default_outcome) const {
    const auto says_something = [&](const Rule& rule) { return rule.outcome != default_outcome; };
    return !rules.empty() && otherwise == default_outcome && std::ranges::all_of(rules, says_something) &&
           are_plain(rules);
  }

  // What the call gets whatever its arguments are; nothing where they matter.
  [[nodiscard]] std::optional<Outcome> constant() const {
    if (rules.empty()) return otherwise;
    if (rules.size() == 1 && rules[0].conditions.empty()) return rules[0].outcome;
    return std::nullopt;
  }
};

Side side_of(const Profile& profile, std::string_view call) {
  return {.rules = rules_for(profile, call), .otherwise = profile.default_outcome};
}

// Each call that one of them names, in order, with what both say: visit(name, side of a, side of b).
template <typename Visit>
void each_call(const Profile& a, const Profile& b, Visit visit) {
  static const Rules kNone;
  auto in_a = a.calls.begin();
  auto in_b = b.calls.begin();
  while (in_a != a.calls.end() || in_b != b.calls.end()) {
    int order = in_a == a.calls.end() ? 1 : -1;
    if (in_a != a.calls.end() && in_b != b.calls.end()) order = in_a->first.compare(in_b->first);
    const std::string& name = order <= 0 ? in_a->first : in_b->first;
    const Side of_a{.rules = order <= 0 ? in_a->second : kNone, .otherwise = a.default_outcome};
    const Side of_b{.rules = order >= 0 ? in_b->second : kNone, .otherwise = b.default_outcome};
    visit(name, of_a, of_b);
    if (order <= 0) ++in_a;
    if (order >= 0) ++in_b;
  }
}

// The two meanings of one call.
struct Pair {
  Diagrams diagrams;
  Ref a = 0;
  Ref b = 0;
  bool is_known = false;

  Pair(const Side& first, const Side& second, std::size_t step_limit = Diagrams::kDefaultLimit) : diagrams(step_limit) {
    if (first.rules.size() > kMostRulesOfACall || second.rules.size() > kMostRulesOfACall) return;
    a = diagrams.of(first.rules, first.otherwise);
    b = diagrams.of(second.rules, second.otherwise);
    is_known = diagrams.is_exact();
  }
};

Rules sorted(Rules rules) {
  std::ranges::sort(rules);
  rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
  return rules;
}

// What was written by an author, or by us before, stays as it is where it says what is meant.
Rules candidates_of(const Rules& first, const Rules& second) {
  Rules all = first;
  std::ranges::copy(second, std::back_inserter(all));
  all = sorted(std::move(all));
  std::ranges::stable_sort(all, {}, [](const Rule& rule) { return rule.conditions.size(); });
  return all;
}

Rules always_or_none(Outcome outcome, Outcome otherwise) { return outcome == otherwise ? Rules{} : always(outcome); }

// The other side changes nothing of what these rules say: as "always allowed" in an intersection.
bool stay_as_they_are(const Side& side, Outcome other, Diagrams::Combine function, Outcome otherwise) {
  const auto stays = [&](Outcome outcome) { return function(outcome, other) == outcome; };
  return side.is_plain(otherwise) && stays(otherwise) && std::ranges::all_of(side.rules, stays, &Rule::outcome);
}

// Wherever `narrow` has a rule, `wide` says one thing that changes nothing of it, and elsewhere it changes nothing
// either: what both come to is `narrow`. As sockets of a few families in a filter that forbids another one.
bool lies_within(const Side& narrow, const Side& wide, Diagrams::Combine function, Outcome otherwise) {
  if (!narrow.is_plain(otherwise) || wide.rules.size() > kMostRulesOfACall) return false;
  const auto changes_nothing = [&](Outcome outcome) { return function(otherwise, outcome) == otherwise; };
  if (!changes_nothing(wide.otherwise)) return false;
  if (!std::ranges::all_of(wide.rules, changes_nothing, &Rule::outcome)) return false;
  Diagrams diagrams;
  const Ref meaning = diagrams.of(wide.rules, wide.otherwise);
  const Outcome said = wide.rules.front().outcome;
  const auto stays = [&](const Rule& rule) {
    return function(rule.outcome, said) == rule.outcome &&
           diagrams.agrees({.conditions = rule.conditions, .outcome = said}, meaning);
  };
  return std::ranges::all_of(narrow.rules, stays) && diagrams.is_exact();
}

// Without a diagram of both: nearly all calls of nearly all profiles, and a container waits for this.
std::optional<Rules> combine_simply(const Side& first, const Side& second, Diagrams::Combine function,
                                    Outcome otherwise) {
  const auto a = first.constant();
  const auto b = second.constant();
  if (a && b) return always_or_none(function(*a, *b), otherwise);
  if (first.is_plain(otherwise) && second.is_plain(otherwise) && sorted(first.rules) == sorted(second.rules))
    return sorted(first.rules);
  if (a && stay_as_they_are(second, *a, function, otherwise)) return sorted(second.rules);
  if (b && stay_as_they_are(first, *b, function, otherwise)) return sorted(first.rules);
  if (!a && !b && first.rules.size() > second.rules.size() && lies_within(first, second, function, otherwise))
    return sorted(first.rules);
  return std::nullopt;
}

// Takes what was worked out from what is left for all calls together, whatever came of it.
class SpentSteps {
 public:
  SpentSteps(const Diagrams& diagrams, std::size_t& left) : diagrams_(diagrams), left_(left) {}
  SpentSteps(const SpentSteps&) = delete;
  SpentSteps& operator=(const SpentSteps&) = delete;
  ~SpentSteps() { left_ -= std::min(left_, diagrams_.steps()); }

 private:
  const Diagrams& diagrams_;
  std::size_t& left_;
};

std::optional<Rules> combine_call(const Side& a, const Side& b, Diagrams::Combine function, Outcome otherwise,
                                  std::size_t& steps_left) {
  if (auto rules = combine_simply(a, b, function, otherwise)) return rules;
  Pair pair(a, b, std::min(steps_left, Diagrams::kDefaultLimit));
  const SpentSteps spent(pair.diagrams, steps_left);
  if (!pair.is_known) return std::nullopt;
  const Ref meaning = pair.diagrams.combine(pair.a, pair.b, function);
  for (const Rules* const whole : {&b.rules, &a.rules})
    if (!Diagrams::is_constant(meaning) && are_fit(pair.diagrams, *whole, meaning, otherwise)) return sorted(*whole);
  auto rules = rules_of(pair.diagrams, meaning, otherwise, candidates_of(a.rules, b.rules));
  if (rules) rules = sorted(*std::move(rules));
  return rules;
}

// What stands for a call that is given up: no rule that lets it through, and none that a second pass would refine.
Rules refused(Outcome otherwise) {
  constexpr Outcome kNotThere{.action = Action::error, .data = ENOSYS};
  const bool is_stricter = otherwise.action < Action::error || otherwise == kNotThere;
  return is_stricter ? Rules{} : always(kNotThere);
}

Combined combine(const Profile& a, const Profile& b, Diagrams::Combine function, bool keeps_first) {
  Combined result;
  Profile& profile = result.profile;
  profile.default_outcome = function(a.default_outcome, b.default_outcome);
  profile.architectures = a.architectures;
  profile.flags = a.flags;
  profile.calls.reserve(std::max(a.calls.size(), b.calls.size()));
  std::size_t steps_left = kMostSteps;
  each_call(a, b, [&](const std::string& call, const Side& of_a, const Side& of_b) {
    auto rules = combine_call(of_a, of_b, function, profile.default_outcome, steps_left);
    if (!rules) {
      result.given_up.push_back(call);
      rules = keeps_first ? of_a.rules : refused(profile.default_outcome);
    }
    if (!rules->empty()) profile.calls.append(call, *std::move(rules));
  });
  return result;
}

Outcome only_in_first(Outcome a, Outcome b) {
  constexpr Outcome kExcess{.action = Action::allow, .data = 0};
  constexpr Outcome kNone{.action = Action::kill_process, .data = 0};
  return lets_through(a) && !lets_through(b) ? kExcess : kNone;
}

std::optional<Arguments> excess_of(Diagrams& diagrams, Ref a, Ref b) {
  return diagrams.find(diagrams.combine(a, b, &only_in_first), [](Outcome outcome) { return lets_through(outcome); });
}

bool lets_some_through(const Diagrams& diagrams, Ref ref) {
  return diagrams.find(ref, [](Outcome outcome) { return lets_through(outcome); }).has_value();
}

std::optional<CallDifference> compare_call(const std::string& call, const Side& first, const Side& second) {
  Pair pair(first, second);
  if (!pair.is_known) return CallDifference{.call = call, .difference = Difference::differs, .example = {}};
  if (pair.a == pair.b) return std::nullopt;
  const auto more = excess_of(pair.diagrams, pair.a, pair.b);
  const auto less = excess_of(pair.diagrams, pair.b, pair.a);
  CallDifference result{.call = call, .difference = Difference::other_errno, .example = {}};
  if (!more && !less) return result;
  result.example = Example{.call = call, .arguments = more ? *more : *less};
  if (more && less)
    result.difference = Difference::differs;
  else if (more)
    result.difference = lets_some_through(pair.diagrams, pair.b) ? Difference::first_lets_more : Difference::only_first;
  else
    result.difference =
        lets_some_through(pair.diagrams, pair.a) ? Difference::second_lets_more : Difference::only_second;
  return result;
}

std::optional<Example> excess_in(const std::string& call, const Side& a, const Side& b) {
  Pair pair(a, b);
  if (!pair.is_known) return Example{.call = call, .arguments = {}};
  const auto arguments = excess_of(pair.diagrams, pair.a, pair.b);
  return arguments ? std::optional(Example{.call = call, .arguments = *arguments}) : std::nullopt;
}

}  // namespace

Combined intersect(const Profile& a, const Profile& b) { return combine(a, b, &stricter, false); }

Combined merge(const Profile& a, const Profile& b) { return combine(a, b, &more_lenient, true); }

Combined normalise(const Profile& profile) { return intersect(profile, profile); }

std::optional<Example> find_excess(const Profile& a, const Profile& b, const std::string& call) {
  return excess_in(call, side_of(a, call), side_of(b, call));
}

std::optional<Example> find_excess(const Profile& a, const Profile& b) {
  if (lets_through(a.default_outcome) && !lets_through(b.default_outcome))
    return Example{.call = kAnyOther, .arguments = {}};
  std::optional<Example> excess;
  each_call(a, b, [&](const std::string& call, const Side& of_a, const Side& of_b) {
    if (!excess) excess = excess_in(call, of_a, of_b);
  });
  return excess;
}

std::vector<CallDifference> diff(const Profile& a, const Profile& b) {
  std::vector<CallDifference> differences;
  each_call(a, b, [&](const std::string& call, const Side& of_a, const Side& of_b) {
    if (auto difference = compare_call(call, of_a, of_b)) differences.push_back(*std::move(difference));
  });
  return differences;
}

Reach reach_of(const Profile& profile, std::string_view call) {
  const Side side = side_of(profile, call);
  Pair pair(side, side);
  if (!pair.is_known) return Reach::sometimes;
  if (!lets_some_through(pair.diagrams, pair.a)) return Reach::never;
  const auto stopped = pair.diagrams.find(pair.a, [](Outcome outcome) { return !lets_through(outcome); });
  return stopped ? Reach::sometimes : Reach::always;
}

}  // namespace runward::seccomp

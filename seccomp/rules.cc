// SPDX-License-Identifier: Apache-2.0
#include "seccomp/rules.h"

#include <algorithm>
#include <utility>

namespace runward::seccomp {
namespace {

constexpr Outcome kCovered{.action = Action::allow, .data = 0};
constexpr Outcome kOpen{.action = Action::kill_process, .data = 0};

bool is_safe(const Rule& rule) { return std::ranges::all_of(rule.conditions, &compares_for_equality); }

Outcome covered_by_either(Outcome a, Outcome b) { return a == kCovered ? a : b; }

// Both compare some argument for equality, and differ in a bit that both look at.
bool are_apart(const Rule& a, const Rule& b) {
  return std::ranges::any_of(a.conditions, [&](const Condition& of_a) {
    return std::ranges::any_of(b.conditions, [&](const Condition& of_b) {
      const std::uint64_t both = of_a.mask & of_b.mask;
      return of_a.argument == of_b.argument && (of_a.value & both) != (of_b.value & both);
    });
  });
}

// The only rule of a call may compare in any way.
bool says_it_all(Diagrams& diagrams, const Rule& rule, Diagrams::Ref meaning, Outcome otherwise) {
  return rule.conditions.size() == 1 && diagrams.region(rule.conditions, rule.outcome, otherwise) == meaning;
}

class Writer {
 public:
  Writer(Diagrams& diagrams, Diagrams::Ref meaning, Outcome otherwise)
      : diagrams_(diagrams), meaning_(meaning), otherwise_(otherwise), covered_(Diagrams::constant(kOpen)) {}

  // Where the meaning is another one, or nothing new is said, it does not fit.
  void use_if_fits(const Rule& rule) {
    if (rule.outcome == otherwise_ || !is_safe(rule) || !diagrams_.agrees(rule, meaning_)) return;
    const Diagrams::Ref region = diagrams_.region(rule.conditions, kCovered, kOpen);
    const Diagrams::Ref covered = diagrams_.combine(covered_, region, &covered_by_either);
    if (covered == covered_) return;
    covered_ = covered;
    rules_.push_back(rule);
  }

  bool write_rest() {
    const Diagrams::Ref rest = diagrams_.combine(
        covered_, meaning_, [](Outcome covered, Outcome meant) { return covered == kCovered ? kDone : meant; });
    return diagrams_.for_each_path(rest, [&](const Diagrams::Path& path, Outcome outcome) {
      if (outcome != kDone && outcome != otherwise_) rules_.push_back(rule_of(path, outcome));
      return rules_.size() <= kMaxRules;
    });
  }

  Rules take() { return std::move(rules_); }

 private:
  static constexpr Outcome kDone{.action = Action::allow, .data = 1};  // no outcome of any profile

  static Rule rule_of(const Diagrams::Path& path, Outcome outcome) {
    Rule rule{.conditions = {}, .outcome = outcome};
    for (unsigned argument = 0; argument < kArgumentCount; ++argument) {
      const std::uint64_t mask = path.masks.at(argument);
      if (mask == 0) continue;
      const bool is_whole = mask == ~std::uint64_t{0};
      rule.conditions.push_back({.argument = argument,
                                 .compare = is_whole ? Compare::equal : Compare::masked_equal,
                                 .value = path.values.at(argument),
                                 .mask = mask});
    }
    return rule;
  }

  Diagrams& diagrams_;
  Diagrams::Ref meaning_;
  Outcome otherwise_;
  Diagrams::Ref covered_;
  Rules rules_;
};

}  // namespace

bool are_plain(const Rules& rules) {
  if (rules.size() > kMaxRules || !std::ranges::all_of(rules, &is_safe)) return false;
  for (const Rule& a : rules)
    for (const Rule& b : rules)
      if (a.outcome != b.outcome && !are_apart(a, b)) return false;
  return true;
}

bool are_fit(Diagrams& diagrams, const Rules& rules, Diagrams::Ref meaning, Outcome otherwise) {
  const bool is_plain =
      rules.size() == 1 ? rules[0].conditions.size() <= 1 || is_safe(rules[0]) : std::ranges::all_of(rules, &is_safe);
  return is_plain && diagrams.of(rules, otherwise) == meaning && std::ranges::all_of(rules, [&](const Rule& rule) {
           return rule.outcome != otherwise && diagrams.agrees(rule, meaning);
         });
}

std::optional<Rules> rules_of(Diagrams& diagrams, Diagrams::Ref meaning, Outcome otherwise, const Rules& candidates) {
  if (Diagrams::is_constant(meaning)) {
    const Outcome outcome = Diagrams::outcome_of(meaning);
    return outcome == otherwise ? Rules{} : always(outcome);
  }
  for (const Rule& candidate : candidates)
    if (says_it_all(diagrams, candidate, meaning, otherwise)) return Rules{candidate};
  Writer writer(diagrams, meaning, otherwise);
  for (const Rule& candidate : candidates) writer.use_if_fits(candidate);
  if (!writer.write_rest() || !diagrams.is_exact()) return std::nullopt;
  return writer.take();
}

}  // namespace runward::seccomp

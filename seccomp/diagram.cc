// SPDX-License-Identifier: Apache-2.0
#include "seccomp/diagram.h"

#include <algorithm>
#include <cassert>
#include <functional>

namespace runward::seccomp {
namespace {

constexpr unsigned kDataBits = 16;
// Where a diagram became too large.
constexpr Outcome kStrictest{.action = Action::kill_process, .data = 0};
// No outcome of any profile: `allow` has no data.
constexpr Outcome kNoRule{.action = Action::allow, .data = 1};

Outcome stricter_rule(Outcome a, Outcome b) {
  if (a == kNoRule) return b;
  return b == kNoRule ? a : stricter(a, b);
}

// Knuth's multiplier for words of 64 bits.
std::size_t mix(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15;
  constexpr unsigned kShift = 29;
  const std::uint64_t mixed = (a * kMultiplier ^ b) * kMultiplier;
  return mixed ^ mixed >> kShift;
}

}  // namespace

std::size_t Diagrams::HashOfNode::operator()(const Node& node) const {
  constexpr unsigned kHalf = 32;
  return mix(node.variable, std::uint64_t{node.zero} << kHalf | node.one);
}

std::size_t Diagrams::HashOfRefs::operator()(const std::pair<Ref, Ref>& refs) const {
  return mix(refs.first, refs.second);
}

Diagrams::Ref Diagrams::constant(Outcome outcome) {
  return kLeaf | static_cast<Ref>(outcome.action) << kDataBits | outcome.data;
}

Outcome Diagrams::outcome_of(Ref constant) {
  return {.action = static_cast<Action>((constant & ~kLeaf) >> kDataBits),
          .data = static_cast<std::uint16_t>(constant)};
}

unsigned Diagrams::variable_of(Ref ref) const {
  return is_constant(ref) ? kBits * kArgumentCount : nodes_[ref].variable;
}

// Two small diagrams can take very many steps to be put together, so it is these that are bounded.
bool Diagrams::count_step() {
  if (++steps_ > limit_) exact_ = false;
  return exact_;
}

Diagrams::Ref Diagrams::child(Ref ref, unsigned variable, bool is_one) const {
  if (variable_of(ref) != variable) return ref;
  return is_one ? nodes_[ref].one : nodes_[ref].zero;
}

Diagrams::Ref Diagrams::node(unsigned variable, Ref zero, Ref one) {
  if (zero == one) return zero;
  const Node wanted{.variable = variable, .zero = zero, .one = one};
  if (const auto found = known_.find(wanted); found != known_.end()) return found->second;
  if (!count_step()) return constant(kStrictest);
  const auto ref = static_cast<Ref>(nodes_.size());
  nodes_.push_back(wanted);
  known_.emplace(wanted, ref);
  return ref;
}

// From the lowest bit up: what is known of the bits below decides only while those above are equal.
Diagrams::Ref Diagrams::compare(const Condition& condition, Ref yes, Ref no) {
  const auto if_holds = [&](bool is_met) { return is_met ? yes : no; };
  const Compare op = condition.compare;
  const std::uint64_t mask = op == Compare::masked_equal ? condition.mask : ~std::uint64_t{0};
  if ((condition.value & ~mask) != 0) return no;
  const Ref below = if_holds(op == Compare::less || op == Compare::less_or_equal || op == Compare::not_equal);
  const Ref above = if_holds(op == Compare::greater || op == Compare::greater_or_equal || op == Compare::not_equal);
  Ref result = if_holds(op == Compare::equal || op == Compare::masked_equal || op == Compare::less_or_equal ||
                        op == Compare::greater_or_equal);
  for (unsigned bit = 0; bit < kBits; ++bit) {
    if ((mask >> bit & 1U) == 0) continue;
    const unsigned variable = condition.argument * kBits + (kBits - 1 - bit);
    const bool is_one = (condition.value >> bit & 1U) != 0;
    result = is_one ? node(variable, below, result) : node(variable, result, above);
  }
  return result;
}

Diagrams::Ref Diagrams::region(const std::vector<Condition>& conditions, Outcome yes, Outcome no) {
  std::vector<Condition> ordered = conditions;
  std::ranges::sort(ordered, std::greater(), &Condition::argument);
  assert(std::ranges::adjacent_find(ordered, std::equal_to(), &Condition::argument) == ordered.end());
  Ref result = constant(yes);
  for (const Condition& condition : ordered) result = compare(condition, result, constant(no));
  return result;
}

// By halves: what is put together one by one leaves a large diagram behind at each step.
Diagrams::Ref Diagrams::strictest(std::span<const Rule> rules) {
  if (rules.empty()) return constant(kNoRule);
  if (rules.size() == 1) return region(rules[0].conditions, rules[0].outcome, kNoRule);
  const std::size_t half = rules.size() / 2;
  return combine(strictest(rules.first(half)), strictest(rules.subspan(half)), &stricter_rule);
}

Diagrams::Ref Diagrams::of(const Rules& rules, Outcome otherwise) {
  return combine(strictest(rules), constant(otherwise),
                 [](Outcome of_rule, Outcome other) { return of_rule == kNoRule ? other : of_rule; });
}

bool Diagrams::agrees(const Rule& rule, Ref meaning) {
  Agreed agreed;
  return agrees(region(rule.conditions, rule.outcome, kNoRule), meaning, agreed);
}

bool Diagrams::agrees(Ref said, Ref meant, Agreed& agreed) {
  if (said == constant(kNoRule) || said == meant) return true;
  if (is_constant(said) || !count_step()) return false;
  const unsigned variable = std::min(variable_of(said), variable_of(meant));
  const bool branches = variable_of(said) != variable;
  if (branches && agreed.contains({said, meant})) return true;
  for (const bool is_one : {false, true})
    if (!agrees(child(said, variable, is_one), child(meant, variable, is_one), agreed)) return false;
  if (branches) agreed.insert({said, meant});
  return true;
}

Diagrams::Ref Diagrams::combine(Ref a, Ref b, Combine function) {
  Known known;
  return combine(a, b, function, known);
}

Diagrams::Ref Diagrams::combine(Ref a, Ref b, Combine function, Known& known) {
  if (is_constant(a) && is_constant(b)) return constant(function(outcome_of(a), outcome_of(b)));
  if (const auto found = known.find({a, b}); found != known.end()) return found->second;
  if (!count_step()) return constant(kStrictest);
  const unsigned variable = std::min(variable_of(a), variable_of(b));
  const Ref zero = combine(child(a, variable, false), child(b, variable, false), function, known);
  const Ref one = combine(child(a, variable, true), child(b, variable, true), function, known);
  const Ref result = node(variable, zero, one);
  known.emplace(std::pair(a, b), result);
  return result;
}

Outcome Diagrams::at(Ref ref, const Arguments& arguments) const {
  while (!is_constant(ref)) {
    const Node& node = nodes_[ref];
    ref = (arguments.at(argument_of(node)) & bit_of(node)) != 0 ? node.one : node.zero;
  }
  return outcome_of(ref);
}

std::optional<Arguments> Diagrams::find(Ref ref, const std::function<bool(Outcome)>& wanted) const {
  Arguments found{};
  std::set<Ref> dead_ends;
  return find(ref, wanted, found, dead_ends) ? std::optional(found) : std::nullopt;
}

bool Diagrams::find(Ref ref, const std::function<bool(Outcome)>& wanted, Arguments& found,
                    std::set<Ref>& dead_ends) const {
  if (is_constant(ref)) return wanted(outcome_of(ref));
  if (dead_ends.contains(ref)) return false;
  const Node& node = nodes_[ref];
  if (find(node.zero, wanted, found, dead_ends)) return true;
  found.at(argument_of(node)) |= bit_of(node);
  if (find(node.one, wanted, found, dead_ends)) return true;
  found.at(argument_of(node)) &= ~bit_of(node);
  dead_ends.insert(ref);
  return false;
}

}  // namespace runward::seccomp

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which outcome a call has for which arguments, exactly: a reduced ordered decision diagram over the 384 bits of its
// six arguments (Bryant 1986), with outcomes at its ends. All that is asked of two profiles (what both allow, whether
// one allows less, an example of a difference) is asked of these, so that it holds for every value and not for
// examples.
//
//   Diagrams diagrams;
//   const Diagrams::Ref a = diagrams.of(rules, kDefault);
//   const Diagrams::Ref both = diagrams.combine(a, b, &stricter);
//   diagrams.is_exact();   // false: too large to be worked out, and what came back is of no use
//
// Equal meaning is equal Ref. Rules of hostile origin can make a diagram grow without bounds, so there is a bound.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "seccomp/profile.h"

namespace runward::seccomp {

class Diagrams {
 public:
  using Ref = std::uint32_t;
  using Combine = Outcome (*)(Outcome, Outcome);
  // Of steps, each of which makes a node at most: under a tenth of a second, and 20 MB.
  static constexpr std::size_t kDefaultLimit = 200'000;

  explicit Diagrams(std::size_t step_limit = kDefaultLimit) : limit_(step_limit) {}

  [[nodiscard]] bool is_exact() const { return exact_; }
  [[nodiscard]] std::size_t steps() const { return steps_; }

  static Ref constant(Outcome outcome);
  static bool is_constant(Ref ref) { return (ref & kLeaf) != 0; }
  static Outcome outcome_of(Ref constant);

  // As decide() in profile.h has it.
  Ref of(const Rules& rules, Outcome otherwise);
  // `yes` where all conditions hold, else `no`. At most one condition for each argument, as in a Rule.
  Ref region(const std::vector<Condition>& conditions, Outcome yes, Outcome no);
  Ref combine(Ref a, Ref b, Combine function);
  // Wherever the rule holds, `meaning` has its outcome.
  bool agrees(const Rule& rule, Ref meaning);

  [[nodiscard]] Outcome at(Ref ref, const Arguments& arguments) const;

  // A way through a diagram: the bits of each argument that it looked at, and what it found there.
  struct Path {
    Arguments masks{};
    Arguments values{};
  };
  // Calls visit(path, outcome) for each way; the ways are disjoint, and hold together for all arguments. Stops when
  // visit returns false.
  template <typename Visit>
  bool for_each_path(Ref ref, Visit visit) const {
    Path path;
    return walk(ref, path, visit);
  }
  // Arguments for which the outcome satisfies `wanted`; what does not matter for it is 0.
  [[nodiscard]] std::optional<Arguments> find(Ref ref, const std::function<bool(Outcome)>& wanted) const;

 private:
  static constexpr Ref kLeaf = 0x80000000;
  static constexpr unsigned kBits = 64;

  struct Node {
    unsigned variable = 0;  // argument × 64 + bit, the highest bit first
    Ref zero = 0;
    Ref one = 0;
    friend bool operator==(const Node&, const Node&) = default;
  };
  struct HashOfNode {
    std::size_t operator()(const Node& node) const;
  };
  struct HashOfRefs {
    std::size_t operator()(const std::pair<Ref, Ref>& refs) const;
  };
  using Agreed = std::unordered_set<std::pair<Ref, Ref>, HashOfRefs>;
  using Known = std::unordered_map<std::pair<Ref, Ref>, Ref, HashOfRefs>;

  static unsigned argument_of(const Node& node) { return node.variable / kBits; }
  static std::uint64_t bit_of(const Node& node) { return std::uint64_t{1} << (kBits - 1 - node.variable % kBits); }

  Ref node(unsigned variable, Ref zero, Ref one);
  Ref compare(const Condition& condition, Ref yes, Ref no);
  Ref combine(Ref a, Ref b, Combine function, Known& known);
  // What `variable` being 0 or 1 leaves of it.
  [[nodiscard]] Ref child(Ref ref, unsigned variable, bool is_one) const;
  bool agrees(Ref said, Ref meant, Agreed& agreed);
  bool count_step();
  Ref strictest(std::span<const Rule> rules);
  [[nodiscard]] unsigned variable_of(Ref ref) const;
  bool find(Ref ref, const std::function<bool(Outcome)>& wanted, Arguments& found, std::set<Ref>& dead_ends) const;

  template <typename Visit>
  bool walk(Ref ref, Path& path, Visit& visit) const {
    if (is_constant(ref)) return visit(std::as_const(path), outcome_of(ref));
    const Node& at = nodes_[ref];
    const unsigned argument = argument_of(at);
    const std::uint64_t bit = bit_of(at);
    path.masks.at(argument) |= bit;
    bool goes_on = walk(at.zero, path, visit);
    path.values.at(argument) |= bit;
    goes_on = goes_on && walk(at.one, path, visit);
    path.masks.at(argument) &= ~bit;
    path.values.at(argument) &= ~bit;
    return goes_on;
  }

  std::vector<Node> nodes_;
  std::unordered_map<Node, Ref, HashOfNode> known_;
  std::size_t limit_;
  std::size_t steps_ = 0;
  bool exact_ = true;
};

}  // namespace runward::seccomp

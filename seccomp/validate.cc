// SPDX-License-Identifier: Apache-2.0
#include "seccomp/validate.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "seccomp/algebra.h"
#include "seccomp/compile.h"
#include "seccomp/derive.h"
#include "seccomp/diagram.h"
#include "seccomp/rules.h"

namespace runward::seccomp {
namespace {

// Arguments that the kernel takes as an int, so that it never sees the upper half that a filter compares (man pages of
// section 2; CVE-2019-7303 went that way).
struct HalfArgument {
  std::string_view call;
  unsigned argument;
};
constexpr std::array kHalfArguments = {
    HalfArgument{"socket", 0},      HalfArgument{"socket", 1},     HalfArgument{"socket", 2},
    HalfArgument{"socketpair", 0},  HalfArgument{"ioctl", 1},      HalfArgument{"prctl", 0},
    HalfArgument{"personality", 0}, HalfArgument{"fcntl", 1},      HalfArgument{"unshare", 0},
    HalfArgument{"setns", 1},       HalfArgument{"setsockopt", 1}, HalfArgument{"setsockopt", 2},
};

bool is_half(std::string_view call, unsigned argument) {
  return std::ranges::any_of(kHalfArguments,
                             [&](const HalfArgument& half) { return half.call == call && half.argument == argument; });
}

class Validator {
 public:
  Validator(const Profile& profile, std::string_view architecture) : profile_(profile), architecture_(architecture) {}

  std::vector<Problem> run() {
    look_at_whole();
    look_at_names();
    for (const auto& [call, rules] : profile_.calls) {
      call_ = call;
      look_at_conditions(rules);
      look_for_idle_rules(rules);
    }
    return std::move(problems_);
  }

 private:
  void add(Severity severity, std::string call, std::string text) {
    problems_.push_back({.severity = severity, .call = std::move(call), .text = std::move(text)});
  }
  void doubt(std::string text) { add(Severity::doubtful, call_, std::move(text)); }

  void look_at_whole() {
    for (const std::string& name : profile_.architectures)
      if (!is_architecture(name)) add(Severity::wrong, "", "names the architecture '" + name + "', which is unknown");
    if (lets_through(profile_.default_outcome))
      add(Severity::wrong, "", "lets through what it does not name: new system calls of new kernels, too");
    if (const auto missing = keeps_from_starting(profile_))
      add(Severity::wrong, *missing, "is never let through: no container starts, or ends, without it");
    const bool clone_is_open = reach_of(profile_, "clone") == Reach::always;
    if (!clone_is_open && reach_of(profile_, "clone3") != Reach::never)
      add(Severity::wrong, "clone3",
          "is let through, and walks around what is asked of clone: its flags lie in memory");
  }

  // One profile for several machines names calls of them all, so these stand together.
  void look_at_names() {
    std::string unknown, absent;
    for (const auto& [call, rules] : profile_.calls) {
      const bool is_known = is_syscall(call);
      if (is_known && (!profile_.architectures.empty() || syscall_number(call, architecture_))) continue;
      std::string& list = is_known ? absent : unknown;
      list.append(list.empty() ? "" : ", ").append(call);
    }
    if (!unknown.empty())
      add(Severity::doubtful, "",
          "names what libseccomp " + libseccomp_version() +
              " does not know, and runtimes built with it leave out: " + unknown);
    if (!absent.empty())
      add(Severity::doubtful, "", "names calls that do not exist on " + std::string(architecture_) + ": " + absent);
  }

  void look_at_conditions(const Rules& rules) {
    std::size_t by_order = 0;
    for (const Rule& rule : rules)
      for (const Condition& condition : rule.conditions) {
        if (compares_for_equality(condition)) continue;
        ++by_order;
        if (lets_through(rule.outcome) && is_half(call_, condition.argument))
          doubt("is let through where " + to_text(condition) +
                ": the kernel looks at the lower 32 bits only, so any bit above them passes; compare under a mask");
      }
    if (by_order > 1) doubt("has several comparisons by order or '!=', which libseccomp may compile to something else");
  }

  // The profile says the same without them, or two of them say different things of the same arguments.
  void look_for_idle_rules(const Rules& rules) {
    if (rules.size() > kMostRulesLookedAt) return;
    Diagrams diagrams;
    const Diagrams::Ref meaning = diagrams.of(rules, profile_.default_outcome);
    for (std::size_t i = 0; i < rules.size() && diagrams.is_exact(); ++i) {
      Rules others = rules;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
      if (diagrams.of(others, profile_.default_outcome) == meaning)
        doubt("has a rule that changes nothing: " + text_of(rules[i]));
      else if (!diagrams.agrees(rules[i], meaning))
        doubt("has a rule that a stricter one overrides in part: " + text_of(rules[i]));
    }
  }

  static std::string text_of(const Rule& rule) {
    std::string text = to_text(rule.outcome);
    for (const Condition& condition : rule.conditions)
      text.append(&condition == rule.conditions.data() ? " where " : " and ").append(to_text(condition));
    return text;
  }

  static constexpr std::size_t kMostRulesLookedAt = 64;

  const Profile& profile_;
  std::string_view architecture_;
  std::string call_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> validate(const Profile& profile, std::string_view architecture) {
  return Validator(profile, architecture).run();
}

}  // namespace runward::seccomp

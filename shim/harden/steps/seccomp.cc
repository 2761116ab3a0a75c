// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "shim/harden/engine_defaults.h"
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

// SECCOMP_FILTER_FLAG_SPEC_ALLOW switches the Spectre mitigations off for the process (seccomp(2)).
void drop_spec_allow(Verdict& verdict, const oci::Spec& spec) {
  const oci::Value* const flags = oci::find(*spec.seccomp(), "flags");
  if (flags == nullptr) return;
  for (std::size_t i = flags->size(); i-- > 0;)
    if ((*flags)[i] == "SECCOMP_FILTER_FLAG_SPEC_ALLOW")
      verdict.remove(spec.value(), oci::Pointer("/linux/seccomp/flags") / i, "it switches Spectre mitigations off");
}

const oci::Value& list_in(const oci::Value& object, std::string_view member) {
  static const oci::Value kNone = oci::Value::array();
  const oci::Value* const list = oci::find(object, member);
  return list == nullptr ? kNone : *list;
}

const oci::Value& rules_of(const oci::Value& filter) { return list_in(filter, "syscalls"); }
const oci::Value& names_of(const oci::Value& rule) { return list_in(rule, "names"); }
bool has_arguments(const oci::Value& rule) { return !list_in(rule, "args").empty(); }

bool lets_through(const oci::Value& rule) {
  const oci::Value* const action = oci::find(rule, "action");
  return action != nullptr && (*action == "SCMP_ACT_ALLOW" || *action == "SCMP_ACT_LOG" ||
                               *action == "SCMP_ACT_TRACE" || *action == "SCMP_ACT_NOTIFY");
}

using Names = std::vector<std::string_view>;  // sorted

bool holds(const Names& names, std::string_view name) { return std::ranges::binary_search(names, name); }

// "valueTwo" may be left out, and an engine that reads and prints the filter leaves it out where it is 0.
bool is_same_condition(const oci::Value& a, const oci::Value& b) {
  constexpr std::uint64_t kUnset = 0;
  return a.value("index", kUnset) == b.value("index", kUnset) && a.value("value", kUnset) == b.value("value", kUnset) &&
         a.value("valueTwo", kUnset) == b.value("valueTwo", kUnset) && a.value("op", "") == b.value("op", "");
}

bool has_same_arguments(const oci::Value& a, const oci::Value& b) {
  return std::ranges::equal(list_in(a, "args"), list_in(b, "args"), is_same_condition);
}

// What the baseline lets through: whole calls, and those it lets through for certain arguments only, with its rules.
struct Allowed {
  Names always;
  std::multimap<std::string_view, const oci::Value*> sometimes;

  [[nodiscard]] bool has_rule_like(const oci::Value& rule, std::string_view name) const {
    const auto [begin, end] = sometimes.equal_range(name);
    return std::any_of(begin, end, [&](const auto& own) { return has_same_arguments(*own.second, rule); });
  }
};

Allowed allowed_by(const oci::Value& filter) {
  Allowed allowed;
  for (const oci::Value& rule : rules_of(filter)) {
    if (!lets_through(rule)) continue;
    for (const oci::Value& name : names_of(rule)) {
      const std::string_view call = name.get_ref<const std::string&>();
      if (has_arguments(rule))
        allowed.sometimes.emplace(call, &rule);
      else
        allowed.always.push_back(call);
    }
  }
  std::ranges::sort(allowed.always);
  return allowed;
}

// Takes out of one rule what the baseline never lets through, and what it lets through for other arguments: these are
// `taken_out`. One condition that always holds ("at least 0") would let all arguments through, and which of two
// conditions is the stricter is not worked out: only one that is word for word the baseline's stays.
void limit_rule(Verdict& verdict, const oci::Spec& spec, const oci::Pointer& where, const Allowed& allowed,
                std::set<std::string_view>& taken_out) {
  constexpr std::string_view kNever = "the profile's baseline does not let it through";
  constexpr std::string_view kNotSo = "the profile's baseline lets it through for other arguments: its rules are taken";
  const oci::Value& rule = *oci::find(spec.value(), where);
  const oci::Value& names = names_of(rule);
  std::vector<std::pair<std::size_t, std::string_view>> excess;
  for (std::size_t i = names.size(); i-- > 0;) {
    const auto& name = names[i].get_ref<const std::string&>();
    if (holds(allowed.always, name) || allowed.has_rule_like(rule, name)) continue;
    taken_out.insert(name);
    excess.emplace_back(i, allowed.sometimes.contains(name) ? kNotSo : kNever);
  }
  if (excess.size() == names.size())
    return verdict.remove(spec.value(), where, std::string(excess.empty() ? kNever : excess.back().second));
  for (const auto& [index, reason] : excess) verdict.remove(spec.value(), where / "names" / index, std::string(reason));
}

// The calls that the document itself answers with an error: two errors for one call are no filter to libseccomp.
Names answered_by(const oci::Value& filter) {
  Names answered;
  for (const oci::Value& rule : rules_of(filter))
    if (!lets_through(rule))
      for (const oci::Value& name : names_of(rule)) answered.push_back(name.get_ref<const std::string&>());
  std::ranges::sort(answered);
  return answered;
}

// One rule of the baseline for one of the calls that were taken out.
void take_rule(Verdict& verdict, const oci::Value& rule, const oci::Value& name) {
  oci::Value one = rule;
  one["names"] = oci::Value::array({name});
  verdict.insert(oci::Pointer("/linux/seccomp/syscalls"), std::nullopt, std::move(one),
                 lets_through(rule) ? "the profile's baseline lets it through for these arguments"
                                    : "the profile's baseline answers it with this error");
}

// A filter whose default is to deny can still let everything through by name. Calls that the baseline never lets
// through go; where it lets one through for certain arguments only and the document for others, its own rules are
// taken. So are those that say with which error a call is answered: programs look at it ("not there", "forbidden").
void intersect_names(Verdict& verdict, const oci::Spec& spec, const oci::Value& baseline) {
  const oci::Pointer where("/linux/seccomp/syscalls");
  const Allowed allowed = allowed_by(baseline);
  const oci::Value& rules = rules_of(*spec.seccomp());
  std::set<std::string_view> taken_out;
  for (std::size_t i = rules.size(); i-- > 0;)
    if (lets_through(rules[i])) limit_rule(verdict, spec, where / i, allowed, taken_out);
  const Names answered = answered_by(*spec.seccomp());
  for (const oci::Value& rule : rules_of(baseline))
    for (const oci::Value& name : names_of(rule)) {
      const auto& call = name.get_ref<const std::string&>();
      if (taken_out.contains(call) && (lets_through(rule) || !holds(answered, call))) take_rule(verdict, rule, name);
    }
}

bool names_architecture(const oci::Value& filter, const oci::Value& name) {
  const oci::Value& own = list_in(filter, "architectures");
  return std::ranges::any_of(own, [&](const oci::Value& one) { return one == name; });
}

// i386's and x32's numbers are other doors to the same kernel, behind which socketcall(2) hides its arguments. A filter
// without architectures is for the machine's own, and kills who calls by another.
void limit_architectures(Verdict& verdict, const oci::Spec& spec, const oci::Value& baseline) {
  const oci::Pointer where("/linux/seccomp/architectures");
  const oci::Value& asked = list_in(*spec.seccomp(), "architectures");
  if (asked.empty()) return;
  if (list_in(baseline, "architectures").empty())
    return verdict.remove(spec.value(), where, "the profile's baseline is for the machine's own architecture only");
  for (std::size_t i = asked.size(); i-- > 0;)
    if (!names_architecture(baseline, asked[i]))
      verdict.remove(spec.value(), where / i, "the profile's baseline has no system calls of this architecture");
}

void refuse_listener(Verdict& verdict, const oci::Spec& spec) {
  if (oci::find(*spec.seccomp(), "listenerPath") != nullptr)
    verdict.refuse(oci::Pointer("/linux/seccomp/listenerPath"), "a seccomp filter that asks a program of the host",
                   "use a filter without listenerPath");
}

}  // namespace

// dockerd gives its own filter to everybody who did not ask otherwise; other engines (ctr, BuildKit) may give none.
Verdict require_seccomp(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  if (!is_unconfined(spec.seccomp())) {
    drop_spec_allow(verdict, spec);
    refuse_listener(verdict, spec);
    if (ctx.seccomp_baseline != nullptr) {
      limit_architectures(verdict, spec, *ctx.seccomp_baseline);
      intersect_names(verdict, spec, *ctx.seccomp_baseline);
    }
    return verdict;
  }
  const bool asked = spec.seccomp() != nullptr || ctx.engine_is_docker();
  if (asked && ctx.refuses(policy::RuleId::seccomp)) {
    verdict.refuse(oci::Pointer("/linux/seccomp"), "a container without a seccomp filter",
                   "drop --security-opt seccomp=unconfined (and 'seccomp-profile' of daemon.json), or give a filter "
                   "whose defaultAction is SCMP_ACT_ERRNO");
    return verdict;
  }
  if (ctx.seccomp_baseline == nullptr)
    verdict.refuse(oci::Pointer("/linux/seccomp"), "a container without a seccomp filter",
                   "the profile names no baseline to put in its place");
  else
    verdict.set(spec.value(), oci::Pointer("/linux/seccomp"), *ctx.seccomp_baseline,
                "the profile's baseline, as there was none");
  return verdict;
}

}  // namespace runward::harden::steps

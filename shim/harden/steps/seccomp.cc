// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <string_view>
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

// What the baseline lets through: whole calls, and those it lets through for certain arguments only.
struct Allowed {
  Names always;
  Names sometimes;
};

Allowed allowed_by(const oci::Value& filter) {
  Allowed allowed;
  for (const oci::Value& rule : rules_of(filter)) {
    if (!lets_through(rule)) continue;
    auto& names = has_arguments(rule) ? allowed.sometimes : allowed.always;
    for (const oci::Value& name : names_of(rule)) names.emplace_back(name.get_ref<const std::string&>());
  }
  std::ranges::sort(allowed.always);
  std::ranges::sort(allowed.sometimes);
  return allowed;
}

// Takes out of one rule what the baseline never lets through, and what it lets through for certain arguments only while
// this rule asks for none: those are `narrowed`.
void limit_rule(Verdict& verdict, const oci::Spec& spec, const oci::Pointer& where, const Allowed& allowed,
                std::set<std::string_view>& narrowed) {
  constexpr std::string_view kReason = "the profile's baseline does not let it through";
  const oci::Value& rule = *oci::find(spec.value(), where);
  const oci::Value& names = names_of(rule);
  const bool conditional = has_arguments(rule);
  std::vector<std::size_t> excess;
  for (std::size_t i = names.size(); i-- > 0;) {
    const auto& name = names[i].get_ref<const std::string&>();
    if (holds(allowed.always, name)) continue;
    const bool is_narrowed = holds(allowed.sometimes, name);
    if (is_narrowed && conditional) continue;
    if (is_narrowed) narrowed.insert(name);
    excess.push_back(i);
  }
  if (excess.size() == names.size()) return verdict.remove(spec.value(), where, std::string(kReason));
  for (const std::size_t index : excess) verdict.remove(spec.value(), where / "names" / index, std::string(kReason));
}

// A filter whose default is to deny can still let everything through by name. Calls that the baseline never lets
// through go; where it lets one through for certain arguments only and the document for all, its own rule is taken.
void intersect_names(Verdict& verdict, const oci::Spec& spec, const oci::Value& baseline) {
  const oci::Pointer where("/linux/seccomp/syscalls");
  const Allowed allowed = allowed_by(baseline);
  const oci::Value& rules = rules_of(*spec.seccomp());
  std::set<std::string_view> narrowed;
  for (std::size_t i = rules.size(); i-- > 0;)
    if (lets_through(rules[i])) limit_rule(verdict, spec, where / i, allowed, narrowed);
  for (const oci::Value& rule : rules_of(baseline)) {
    if (!has_arguments(rule) || !lets_through(rule)) continue;
    for (const oci::Value& name : names_of(rule)) {
      if (!narrowed.contains(name.get_ref<const std::string&>())) continue;
      oci::Value one = rule;
      one["names"] = oci::Value::array({name});
      verdict.insert(where, std::nullopt, std::move(one), "the profile's baseline lets it through for these arguments");
    }
  }
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
    if (ctx.seccomp_baseline != nullptr) intersect_names(verdict, spec, *ctx.seccomp_baseline);
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

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

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

// What the baseline lets through: whole calls, and those it lets through for certain arguments only.
struct Allowed {
  std::set<std::string, std::less<>> always;
  std::set<std::string, std::less<>> sometimes;
};

bool lets_through(const oci::Value& rule) {
  const oci::Value* const action = oci::find(rule, "action");
  const std::string text = action == nullptr ? "" : action->get<std::string>();
  return text == "SCMP_ACT_ALLOW" || text == "SCMP_ACT_LOG" || text == "SCMP_ACT_TRACE" || text == "SCMP_ACT_NOTIFY";
}

bool has_arguments(const oci::Value& rule) {
  const oci::Value* const args = oci::find(rule, "args");
  return args != nullptr && !args->empty();
}

oci::Strings names_of(const oci::Value& rule) {
  const oci::Value* const names = oci::find(rule, "names");
  return names == nullptr ? oci::Strings() : names->get<oci::Strings>();
}

const oci::Value& rules_of(const oci::Value& filter) {
  static const oci::Value kNone = oci::Value::array();
  const oci::Value* const rules = oci::find(filter, "syscalls");
  return rules == nullptr ? kNone : *rules;
}

Allowed allowed_by(const oci::Value& filter) {
  Allowed allowed;
  for (const oci::Value& rule : rules_of(filter)) {
    if (!lets_through(rule)) continue;
    auto& names = has_arguments(rule) ? allowed.sometimes : allowed.always;
    for (std::string& name : names_of(rule)) names.insert(std::move(name));
  }
  return allowed;
}

// A filter whose default is to deny can still let everything through by name. Calls that the baseline never lets
// through go; where it lets one through for certain arguments only and the document for all, its own rule is taken.
void intersect_names(Verdict& verdict, const oci::Spec& spec, const oci::Value& baseline) {
  const Allowed allowed = allowed_by(baseline);
  oci::Value rules = oci::Value::array();
  std::set<std::string, std::less<>> narrowed;
  for (oci::Value rule : rules_of(*spec.seccomp())) {
    if (!lets_through(rule)) {
      rules.push_back(std::move(rule));
      continue;
    }
    oci::Value kept = oci::Value::array();
    for (const std::string& name : names_of(rule)) {
      if (allowed.always.contains(name) || (has_arguments(rule) && allowed.sometimes.contains(name)))
        kept.push_back(name);
      else if (allowed.sometimes.contains(name))
        narrowed.insert(name);
    }
    if (kept.empty()) continue;
    rule["names"] = std::move(kept);
    rules.push_back(std::move(rule));
  }
  for (const oci::Value& rule : rules_of(baseline))
    for (const std::string& name : names_of(rule))
      if (narrowed.contains(name) && has_arguments(rule) && lets_through(rule)) {
        oci::Value one = rule;
        one["names"] = oci::Value::array({name});
        rules.push_back(std::move(one));
      }
  if (oci::find(*spec.seccomp(), "syscalls") != nullptr)
    verdict.set(spec.value(), oci::Pointer("/linux/seccomp/syscalls"), std::move(rules),
                "no system call that the profile's baseline does not let through");
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

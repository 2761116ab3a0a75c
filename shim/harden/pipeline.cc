// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/pipeline.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "shim/harden/engine_defaults.h"
#include "shim/harden/steps/steps.h"

namespace runward::harden {
namespace {

using policy::Mode;
using policy::RuleId;
using namespace std::string_view_literals;

constexpr std::array<std::string_view, 0> kNothing{};
constexpr std::array kPrivileged = {
    "/process/capabilities"sv, "/process/apparmorProfile"sv, "/linux/devices"sv, "/linux/resources/devices"sv,
    "/linux/maskedPaths"sv,    "/linux/readonlyPaths"sv,     "/linux/seccomp"sv,
    "/capabilities"sv,  // of an exec's process
    "/apparmorProfile"sv};
constexpr std::array kNamespaces = {"/linux/namespaces"sv};
constexpr std::array kUserNamespace = {"/linux/namespaces"sv, "/linux/uidMappings"sv, "/linux/gidMappings"sv,
                                       "/linux/sysctl"sv,     "/root/path"sv,         "/mounts"sv};
constexpr std::array kUser = {"/user"sv};
constexpr std::array kNoNewPrivileges = {"/noNewPrivileges"sv};
constexpr std::array kCapabilities = {"/capabilities"sv};
constexpr std::array kSeccomp = {"/linux/seccomp"sv};
constexpr std::array kAppArmor = {"/apparmorProfile"sv};
constexpr std::array kSelinux = {"/selinuxLabel"sv};
constexpr std::array kRootfs = {"/root/readonly"sv, "/mounts"sv};
constexpr std::array kMounts = {"/mounts"sv, "/linux/rootfsPropagation"sv};
constexpr std::array kMaskedPaths = {"/linux/maskedPaths"sv, "/linux/readonlyPaths"sv};
constexpr std::array kDevices = {"/linux/devices"sv, "/linux/resources/devices"sv, "/devices"sv};
constexpr std::array kMemory = {"/memory"sv, "/unified/memory.swap.max"sv};
constexpr std::array kCpu = {"/cpu"sv};
constexpr std::array kPids = {"/pids"sv};
constexpr std::array kUnified = {"/unified"sv};
constexpr std::array kRlimits = {"/rlimits"sv};
constexpr std::array kOomScore = {"/oomScoreAdj"sv};
constexpr std::array kSysctl = {"/linux/sysctl"sv};
constexpr std::array kHooks = {"/hooks"sv};
constexpr std::array kAnnotations = {"/annotations"sv};

constexpr Step spec_step(RuleId rule, std::span<const std::string_view> touches,
                         Verdict (*function)(const oci::Spec&, const Context&)) {
  return {.rule = rule,
          .touches = touches,
          .on_spec = function,
          .on_process = nullptr,
          .on_resources = nullptr,
          .on_call = nullptr};
}
constexpr Step process_step(RuleId rule, std::span<const std::string_view> touches,
                            Verdict (*function)(const oci::Process&, const Context&)) {
  return {.rule = rule,
          .touches = touches,
          .on_spec = nullptr,
          .on_process = function,
          .on_resources = nullptr,
          .on_call = nullptr};
}
constexpr Step held_step(RuleId rule, std::span<const std::string_view> touches,
                         Verdict (*function)(const oci::Process&, const Context&)) {
  Step step = process_step(rule, touches, function);
  step.holds_to_first = true;
  return step;
}
constexpr Step resources_step(RuleId rule, std::span<const std::string_view> touches,
                              Verdict (*function)(const oci::LinuxResources&, const Context&)) {
  return {.rule = rule,
          .touches = touches,
          .on_spec = nullptr,
          .on_process = nullptr,
          .on_resources = function,
          .on_call = nullptr};
}

constexpr std::array kSteps = {
    spec_step(RuleId::spec_sane, kNothing, &steps::refuse_insane_spec),
    Step{RuleId::runtime_flags, kNothing, &steps::refuse_loosening_flags, &steps::refuse_exec_flags, nullptr, nullptr},
    Step{RuleId::restore, kNothing, &steps::refuse_restore, nullptr, nullptr, &steps::refuse_checkpoint},
    spec_step(RuleId::image, kNothing, &steps::require_listed_image),
    Step{RuleId::privileged, kPrivileged, &steps::refuse_privileged, &steps::refuse_privileged_exec, nullptr, nullptr},
    spec_step(RuleId::namespaces, kNamespaces, &steps::require_own_namespaces),
    process_step(RuleId::user, kUser, &steps::limit_user),
    held_step(RuleId::no_new_privileges, kNoNewPrivileges, &steps::require_no_new_privileges),
    held_step(RuleId::capabilities, kCapabilities, &steps::limit_capabilities),
    spec_step(RuleId::seccomp, kSeccomp, &steps::require_seccomp),
    held_step(RuleId::apparmor, kAppArmor, &steps::set_apparmor_profile),
    held_step(RuleId::selinux, kSelinux, &steps::keep_selinux_label),
    spec_step(RuleId::mounts, kMounts, &steps::limit_mounts),
    spec_step(RuleId::rootfs, kRootfs, &steps::make_rootfs_readonly),
    spec_step(RuleId::masked_paths, kMaskedPaths, &steps::mask_paths),
    Step{RuleId::devices, kDevices, &steps::limit_devices, nullptr, &steps::keep_devices, nullptr},
    resources_step(RuleId::memory, kMemory, &steps::limit_memory),
    resources_step(RuleId::cpu, kCpu, &steps::limit_cpu),
    resources_step(RuleId::pids, kPids, &steps::limit_pids),
    resources_step(RuleId::unified, kUnified, &steps::limit_unified),
    held_step(RuleId::rlimits, kRlimits, &steps::limit_rlimits),
    held_step(RuleId::oom_score, kOomScore, &steps::limit_oom_score),
    spec_step(RuleId::sysctl, kSysctl, &steps::limit_sysctl),
    spec_step(RuleId::cgroup_path, kNothing, &steps::limit_cgroup_path),
    spec_step(RuleId::hooks, kHooks, &steps::limit_hooks),
    spec_step(RuleId::annotations, kAnnotations, &steps::strip_annotations),
    // After all that judges sources and namespaces by their names: these point them to what was staged.
    spec_step(RuleId::user_namespace, kUserNamespace, &steps::give_user_namespace),
    spec_step(RuleId::mounts, kMounts, &steps::pin_mounts),
    spec_step(RuleId::namespaces, kNamespaces, &steps::pin_namespaces),
    process_step(RuleId::environment_secrets, kNothing, &steps::find_secrets),
};

const oci::Value& part_or_empty(const oci::Value& document, const oci::Pointer& pointer) {
  static const oci::Value kEmpty = oci::Value::object();
  const oci::Value* const found = oci::find(document, pointer);
  return found == nullptr ? kEmpty : *found;
}

// Where the view of a step begins in a document of this kind; nothing when the step has no business with it.
std::optional<oci::Pointer> view_of(const Step& step, oci::Document kind) {
  const auto whole_if = [](bool concerned) { return concerned ? std::optional(oci::Pointer()) : std::nullopt; };
  if (kind == oci::Document::process) return whole_if(step.on_process != nullptr);
  if (kind == oci::Document::resources) return whole_if(step.on_resources != nullptr);
  if (step.on_spec != nullptr) return oci::Pointer();
  return step.on_process != nullptr ? oci::Pointer("/process") : oci::Pointer("/linux/resources");
}

Verdict run(const Step& step, oci::Document kind, const oci::Value& view, const Context& context) {
  if (kind == oci::Document::spec && step.on_spec != nullptr) return step.on_spec(oci::Spec(view), context);
  if (kind != oci::Document::resources && step.on_process != nullptr)
    return step.on_process(oci::Process(view), context);
  return step.on_resources(oci::LinuxResources(view), context);
}

bool may_touch(const Step& step, const oci::Pointer& where) {
  const std::string text = where.to_string();
  return std::ranges::any_of(step.touches, [&](std::string_view allowed) {
    return text == allowed || (text.starts_with(allowed) && text[allowed.size()] == '/');
  });
}

void make_absolute(Verdict& verdict, const oci::Pointer& base) {
  for (Finding& finding : verdict.findings) finding.where = base / finding.where;
  for (Change& change : verdict.changes) change.where = base / change.where;
}

// A rule with two steps has one outcome.
void add(Report& report, Outcome outcome) {
  if (outcome.verdict.changes.empty() && outcome.verdict.findings.empty()) return;
  const auto same = std::ranges::find(report.outcomes, outcome.rule, &Outcome::rule);
  if (same == report.outcomes.end()) return report.outcomes.push_back(std::move(outcome));
  std::ranges::move(outcome.verdict.findings, std::back_inserter(same->verdict.findings));
  std::ranges::move(outcome.verdict.changes, std::back_inserter(same->verdict.changes));
}

// That no process gets more than the container's first one is no rule's doing, and holds where rules are off. A host
// that only watches, or does nothing, is another matter.
Mode mode_of(const Step& step, oci::Document kind, const Context& context) {
  const Mode mode = context.policy.rule(step.rule).mode;
  const bool is_held = kind == oci::Document::process && context.first != nullptr && step.holds_to_first;
  return mode == Mode::off && is_held && context.policy.host_mode == Mode::enforce ? Mode::enforce : mode;
}

bool is_violation(const Finding& finding) { return finding.severity == Severity::violation; }

}  // namespace

std::span<const Step> step_table() { return kSteps; }

bool Report::refused() const {
  return std::ranges::any_of(outcomes, [](const Outcome& outcome) {
    return outcome.mode == Mode::enforce && std::ranges::any_of(outcome.verdict.findings, is_violation);
  });
}

void apply(oci::Value& document, const Change& change) {
  switch (change.operation) {
    case Operation::set:
      return oci::set(document, change.where, *change.after);
    case Operation::remove:
      return oci::remove(document, change.where);
    case Operation::insert:
      return oci::insert(document, change.where, *change.after);
  }
}

Result<Report> harden(oci::Document kind, oci::Value& document, const Context& context) {
  Report report;
  for (const Step& step : kSteps) {
    const Mode mode = mode_of(step, kind, context);
    const auto base = view_of(step, kind);
    if (mode == Mode::off || !base) continue;
    Verdict verdict = run(step, kind, part_or_empty(document, *base), context);
    for (const Change& change : verdict.changes)
      if (!may_touch(step, change.where))
        return make_error(ErrorKind::internal, "bug: rule " + std::string(name_of(step.rule)) + " touched '" +
                                                   change.where.to_string() + "', which it does not own");
    make_absolute(verdict, *base);
    if (mode == Mode::enforce)
      for (const Change& change : verdict.changes) apply(document, change);
    add(report, {.rule = step.rule, .mode = mode, .verdict = std::move(verdict)});
  }
  return report;
}

Report judge_call(const Context& context) {
  Report report;
  for (const Step& step : kSteps) {
    const Mode mode = context.policy.rule(step.rule).mode;
    if (mode == Mode::off || step.on_call == nullptr) continue;
    Verdict verdict = step.on_call(context);
    if (!verdict.findings.empty())
      report.outcomes.push_back({.rule = step.rule, .mode = mode, .verdict = std::move(verdict)});
  }
  return report;
}

std::string message(const Finding& finding, RuleId rule, const std::string& profile) {
  const std::string verb = is_violation(finding) ? " is refused by profile '" : " is noticed by profile '";
  return finding.what + verb + profile + "' (rule " + std::string(name_of(rule)) + "): " + finding.advice;
}

std::string refusal_message(const Report& report, const policy::Policy& policy) {
  std::string text;
  std::string others;
  for (const Outcome& outcome : report.outcomes) {
    const auto violation = std::ranges::find_if(outcome.verdict.findings, is_violation);
    if (outcome.mode != Mode::enforce || violation == outcome.verdict.findings.end()) continue;
    if (text.empty())
      text = message(*violation, outcome.rule, policy.profile);
    else
      others.append(others.empty() ? " (refused as well by: " : ", ").append(name_of(outcome.rule));
  }
  return others.empty() ? text : text + others + ")";
}

bool wants_seccomp_baseline(const oci::Value& spec, const policy::Policy& policy) {
  const bool is_stripped =
      is_unconfined(oci::Spec(spec).seccomp()) && policy.rule(RuleId::privileged).mode != Mode::off;
  return is_stripped || policy.rule(RuleId::seccomp).mode != Mode::off;
}

}  // namespace runward::harden

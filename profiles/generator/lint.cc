// SPDX-License-Identifier: Apache-2.0
#include "profiles/generator/lint.h"

#include <algorithm>
#include <array>
#include <set>
#include <variant>

#include "apparmor/match.h"
#include "apparmor/render.h"
#include "profiles/generator/make_apparmor.h"
#include "profiles/generator/report.h"
#include "seccomp/data/risks.h"
#include "seccomp/sets.h"
#include "shim/policy/rules.h"

namespace runward::profiles {
namespace {

using apparmor::FileRule;
using apparmor::Permission;
using apparmor::Transition;
using Grade = Lint::Grade;
using Lints = std::set<Lint>;

void lint_calls(const seccomp::Profile& filter, Lints& lints) {
  for (const seccomp::Risk& risk : seccomp::risks()) {
    const bool is_native = risk.entry == seccomp::Entry::native;
    if (is_native && lets_through(seccomp::decide(filter, risk.syscall, risk.arguments)))
      lints.insert({.grade = Grade::risk,
                    .what = "seccomp: " + std::string(risk.syscall) + " as in attack " + std::string(risk.id) +
                            ", which " + std::string(risk.opens)});
  }
  if (lets_through(filter.default_outcome))
    lints.insert({.grade = Grade::risk, .what = "seccomp: calls that are not named are let through"});
  for (const std::string& architecture : filter.architectures)
    if (architecture == "SCMP_ARCH_X86" || architecture == "SCMP_ARCH_X32")
      lints.insert({.grade = Grade::risk,
                    .what = "seccomp: " + architecture + " opens a second table of calls, with other numbers"});
}

void lint_modes(const policy::Policy& policy, Lints& lints) {
  for (std::size_t i = 0; i < policy::kRules.size(); ++i) {
    constexpr std::array<std::string_view, 6> kLayers = {"seccomp",    "apparmor",          "capabilities",
                                                         "privileged", "no-new-privileges", "rootfs"};
    const std::string name(policy::kRules.at(i).name);
    if (std::ranges::find(kLayers, name) == kLayers.end()) continue;
    if (policy.rules.at(i).mode == policy::Mode::enforce) continue;
    lints.insert({.grade = Grade::risk, .what = "rule " + name + " is not enforced"});
  }
  for (const policy::Scratch& scratch : policy.rootfs.scratch)
    if (scratch.exec)
      lints.insert({.grade = Grade::risk, .what = "scratch folder " + scratch.path + " takes programs and runs them"});
}

std::string file_problem(const FileRule& rule) {
  if (!rule.path) return "all files";
  if (rule.transition && *rule.transition != Transition::inherit) return "a program leaves this profile";
  const bool is_writable = rule.permissions.has(Permission::write) || rule.permissions.has(Permission::append);
  if (rule.transition && is_writable) return "what can be written can be executed";
  if (rule.transition && !rule.path->is_exact()) return "programs that nobody has named";
  return "";
}

struct Problem {
  std::string operator()(const FileRule& rule) const { return file_problem(rule); }
  std::string operator()(const apparmor::CapabilityRule& rule) const {
    return rule.name.empty() ? "all capabilities, as far as the rule capabilities gives them" : "";
  }
  std::string operator()(const apparmor::NetworkRule& rule) const { return rule.family.empty() ? "all networks" : ""; }
  std::string operator()(const apparmor::MountRule&) const { return "mounting is the way of most escapes"; }
  std::string operator()(const apparmor::ChangeProfileRule&) const { return "a program may leave this profile"; }
  std::string operator()(const apparmor::NewClassRule& rule) const {
    return rule.what == apparmor::NewClass::mqueue ? "" : "opens a part of the kernel that few programs need";
  }
  std::string operator()(const apparmor::IncludeRule&) const { return "rules that are not looked at here"; }
  std::string operator()(const apparmor::SignalRule& rule) const { return rule.peer ? "" : "signals to anybody"; }
  std::string operator()(const apparmor::PtraceRule& rule) const { return rule.peer ? "" : "traces anybody"; }
  std::string operator()(const apparmor::UnixRule&) const { return ""; }
};

void lint_apparmor(const apparmor::Profile& profile, Lints& lints) {
  for (const char* const flag : {"complain", "unconfined"})
    if (profile.flags.contains(flag))
      lints.insert({.grade = Grade::risk, .what = std::string("apparmor: flag ") + flag + " lets everything through"});
  for (const apparmor::Rule& rule : profile.rules) {
    if (rule.deny) continue;
    const std::string problem = std::visit(Problem{}, rule.body);
    if (!problem.empty())
      lints.insert({.grade = Grade::risk, .what = "apparmor: " + apparmor::render(rule) + " " + problem});
  }
}

// --- what no recording needs ----------------------------------------------------------------

void lint_spare_calls(const seccomp::Profile& filter, const Observed& seen, Lints& lints) {
  for (const std::string& call : calls_let_through(filter, seccomp_architecture(seen.architecture))) {
    const bool is_needed = seen.calls.contains(call) || seccomp::is_in(call, seccomp::kEssential) ||
                           seccomp::is_in(call, seccomp::kRuntimeStart) || seccomp::is_in(call, seccomp::kOrdinary);
    if (!is_needed) lints.insert({.grade = Grade::spare, .what = "seccomp: " + call});
  }
}

bool is_seen(const FileRule& rule, const Observed& seen) {
  const std::string& text = rule.path->text();
  const std::string without_slash = text.substr(0, text.size() - (text.ends_with('/') && text.size() > 1 ? 1 : 0));
  const auto is_it = [&](const std::string& path) { return apparmor::escape(path) == without_slash; };
  const auto has = [&](const std::set<std::string>& paths) { return std::ranges::any_of(paths, is_it); };
  if (has(seen.upper.created) || has(seen.upper.written) || has(seen.upper.deleted)) return true;
  return std::ranges::any_of(seen.files, [&](const auto& file) { return is_it(file.first); });
}

bool is_scratch(const FileRule& rule, const policy::Rootfs& rootfs) {
  return std::ranges::any_of(rootfs.scratch, [&](const policy::Scratch& scratch) {
    return rule.path->text() == apparmor::escape(scratch.path) + "/";
  });
}

void lint_spare_files(const apparmor::Profile& profile, const policy::Rootfs& rootfs, const Observed& seen,
                      Lints& lints) {
  for (const apparmor::Rule& rule : profile.rules) {
    const auto* const file = std::get_if<FileRule>(&rule.body);
    if (rule.deny || file == nullptr || !file->path || !file->path->is_exact()) continue;
    if (file->path->text().starts_with("/dev/") || file->path->text() == "/proc/") continue;
    if (!is_seen(*file, seen) && !is_scratch(*file, rootfs))
      lints.insert({.grade = Grade::spare, .what = "apparmor: " + apparmor::render(rule)});
  }
}

void lint_spare_capabilities(const policy::Policy& policy, const Observed& seen, Lints& lints) {
  if (!seen.has_capabilities) return;
  for (const std::string& name : policy.capabilities.allowed.names())
    if (!seen.capabilities.contains(name)) lints.insert({.grade = Grade::spare, .what = "capabilities: " + name});
}

}  // namespace

std::vector<Lint> lint(const ProfileFolder& profile, std::string_view architecture) {
  Lints lints;
  const seccomp::Profile filter = profile.filter(architecture);
  lint_calls(filter, lints);
  lint_modes(profile.policy, lints);
  if (profile.apparmor) lint_apparmor(*profile.apparmor, lints);
  const auto seen = observe(profile.recordings);
  if (seen) {
    lint_spare_calls(filter, *seen, lints);
    lint_spare_capabilities(profile.policy, *seen, lints);
    if (profile.apparmor) lint_spare_files(*profile.apparmor, profile.policy.rootfs, *seen, lints);
  }
  return {lints.begin(), lints.end()};
}

}  // namespace runward::profiles

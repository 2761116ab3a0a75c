// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/check_config.h"

#include <algorithm>
#include <set>

#include "shim/ctl/table.h"
#include "shim/decide.h"
#include "shim/policy/store.h"

namespace runward::ctl {
namespace {

std::set<std::string> profiles_named_in(const policy::Selection& selection) {
  std::set<std::string> names = selection.choices;
  names.insert(selection.standard);
  for (const auto& [where, profile] : selection.by_namespace) names.insert(profile);
  for (const auto& [where, profile] : selection.by_runtime) names.insert(profile);
  for (const auto& choice : selection.by_image) names.insert(choice.profile);
  return names;
}

Status check_profile(const std::string& config_dir, const std::string& name, const policy::Config& config) {
  SHIM_TRY(const policy::Policy policy, policy::load_policy(config_dir, name, config));
  if (policy.rule(policy::RuleId::apparmor).mode != policy::Mode::off && !policy.apparmor.source.empty())
    SHIM_CHECK(policy::load_apparmor(policy.apparmor.source));
  if (policy.rule(policy::RuleId::seccomp).mode == policy::Mode::off) return ok();
  SHIM_TRY(const seccomp::Template filter, load_seccomp_baseline(policy));
  return ok();
}

Checked checked(std::string what, const Status& status) {
  return {.what = std::move(what), .problem = status ? std::string() : status.error().message};
}

}  // namespace

Result<std::vector<Checked>> check_config(const std::string& config_dir,
                                          const std::optional<std::string>& only_profile) {
  std::vector<Checked> all;
  const auto config = policy::load_config(config_dir);
  all.push_back(checked(config_dir + "/config.json", config ? ok() : Status(config.error())));
  if (config && config->text.empty()) all.back().what += " (absent: the built-in values hold)";
  const policy::Config host = config ? *config : policy::Config();
  std::set<std::string> names;
  if (only_profile) {
    names.insert(*only_profile);
  } else {
    SHIM_TRY(const auto listed, policy::list_profiles(config_dir));
    names = profiles_named_in(host.selection);
    names.insert(listed.begin(), listed.end());
  }
  for (const std::string& name : names)
    all.push_back(checked("profile '" + name + "'", check_profile(config_dir, name, host)));
  return all;
}

Result<int> run_check_config(const Given& given) {
  SHIM_TRY(const auto all, check_config(config_dir(given), given.value("profile")));
  Table table;
  for (const Checked& one : all)
    table.rows.push_back({one.problem.empty() ? "ok" : "wrong", one.what, printable(one.problem)});
  print(render(table));
  const bool fine = std::ranges::all_of(all, [](const Checked& one) { return one.problem.empty(); });
  return fine ? kExitOk : kExitProblem;
}

}  // namespace runward::ctl

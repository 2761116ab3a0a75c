// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/apparmor_profiles.h"

#include <algorithm>
#include <map>

#include "shim/ctl/table.h"
#include "shim/policy/store.h"

namespace runward::ctl {
namespace {

bool is_wanted(const policy::Policy& policy) {
  return policy.rule(policy::RuleId::apparmor).mode != policy::Mode::off && !policy.apparmor.source.empty();
}

}  // namespace

Result<std::vector<OwnProfile>> own_profiles(const std::string& config_dir) {
  SHIM_TRY(const policy::Config config, policy::load_config(config_dir));
  SHIM_TRY(const auto names, policy::list_profiles(config_dir));
  std::map<std::string, OwnProfile> found;
  for (const std::string& name : names) {
    const auto policy = policy::load_policy(config_dir, name, config);
    if (!policy || !is_wanted(*policy)) continue;
    const policy::AppArmor& rule = policy->apparmor;
    SHIM_TRY(std::string source, policy::load_apparmor(rule.source));
    OwnProfile& own = found[rule.profile];
    own.wanted = {.name = rule.profile, .source = std::move(source)};
    own.place = rule.source;
    own.users.push_back(name);
  }
  std::vector<OwnProfile> all;
  all.reserve(found.size());
  for (auto& [name, own] : found) all.push_back(std::move(own));
  return all;
}

Result<OwnProfile> own_profile_of(const std::string& config_dir, const std::string& profile) {
  SHIM_TRY(const policy::Config config, policy::load_config(config_dir));
  SHIM_TRY(const policy::Policy policy, policy::load_policy(config_dir, profile, config));
  const policy::AppArmor& rule = policy.apparmor;
  if (rule.source.empty())
    return make_error(ErrorKind::policy, "profile '" + profile + "' names the AppArmor profile '" + rule.profile +
                                             "', which is not runward's: there is no file 'apparmor' for it");
  SHIM_TRY(std::string source, policy::load_apparmor(rule.source));
  return OwnProfile{
      .wanted = {.name = rule.profile, .source = std::move(source)}, .place = rule.source, .users = {profile}};
}

Result<Standing> standing_of(const apparmor::Places& places, const apparmor::Wanted& wanted) {
  SHIM_TRY(const bool current, apparmor::is_current(places, wanted));
  if (current) return Standing::loaded;
  SHIM_TRY(const auto binary, apparmor::cached(places, wanted));
  if (binary) return Standing::compiled;
  return places.parser.empty() ? Standing::unavailable : Standing::to_compile;
}

void compile_own_profiles(const std::string& config_dir) {
  const apparmor::Places places = apparmor::host_places();
  if (!apparmor::kernel_has_apparmor(places)) return;
  const auto all = own_profiles(config_dir);
  if (!all) return complain(all.error().message + ", continuing");
  for (const OwnProfile& own : *all) {
    const auto there = apparmor::cached(places, own.wanted);
    if (there && *there) continue;
    const Status status = apparmor::prepare(places, own.wanted);
    if (status) {
      print("compiled the AppArmor profile " + own.wanted.name + "\n");
    } else {
      complain(status.error().message + ", continuing");
    }
  }
}

}  // namespace runward::ctl

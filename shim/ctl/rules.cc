// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/rules.h"

#include "shim/ctl/table.h"
#include "shim/policy/store.h"

namespace runward::ctl {
namespace {

std::string_view word(policy::Mode mode) {
  switch (mode) {
    case policy::Mode::enforce:
      return "enforce";
    case policy::Mode::audit:
      return "audit";
    case policy::Mode::off:
      return "off";
  }
  return "";
}

std::string_view word(policy::OnExcess on_excess) {
  switch (on_excess) {
    case policy::OnExcess::refuse:
      return "refuse";
    case policy::OnExcess::strip:
      return "strip";
  }
  return "";
}

std::string to_table(const oci::Value& rules) {
  Table table{.header = {"RULE", "MODE", "ON EXCESS", "WHAT IT DOES"}, .rows = {}};
  for (const oci::Value& rule : rules) {
    std::vector<std::string>& row = table.rows.emplace_back();
    for (const auto* key : {"rule", "mode", "on_excess", "summary"}) row.push_back(rule.at(key).get<std::string>());
  }
  return render(table);
}

}  // namespace

oci::Value rules_of(const policy::Policy& policy) {
  oci::Value rules = oci::Value::array();
  for (const policy::Rule& rule : policy::kRules) {
    const policy::RuleSetting& setting = policy.rule(rule.id);
    rules.push_back({{"rule", rule.name},
                     {"mode", word(setting.mode)},
                     {"on_excess", word(setting.on_excess)},
                     {"summary", rule.summary}});
  }
  return rules;
}

Result<int> run_rules(const Given& given) {
  SHIM_TRY(const policy::Config config, policy::load_config(config_dir(given)));
  const std::string profile = given.value("profile").value_or(config.selection.standard);
  SHIM_TRY(const policy::Policy policy, policy::load_policy(config_dir(given), profile, config));
  const oci::Value rules = rules_of(policy);
  if (given.has("json")) {
    print(oci::Value{{"profile", policy.profile}, {"policy_hash", policy.hash}, {"rules", rules}}.dump(2) + "\n");
  } else {
    print("profile " + policy.profile + ", policy " + policy.hash + "\n\n" + to_table(rules));
  }
  return kExitOk;
}

}  // namespace runward::ctl

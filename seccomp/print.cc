// SPDX-License-Identifier: Apache-2.0
#include "seccomp/print.h"

#include <map>
#include <string_view>
#include <vector>

namespace runward::seccomp {
namespace {

using oci::Value;

Value to_json(const Condition& condition) {
  const bool is_masked = condition.compare == Compare::masked_equal;
  Value json = Value::object();  // member by member: a list in braces is copied
  json["index"] = condition.argument;
  json["value"] = is_masked ? condition.mask : condition.value;
  json["op"] = to_string(condition.compare);
  if (is_masked) json["valueTwo"] = condition.value;
  return json;
}

void put_outcome(Value& json, const char* action_key, const char* errno_key, Outcome outcome) {
  json[action_key] = to_string(outcome.action);
  if (outcome.action == Action::error || outcome.action == Action::trace) json[errno_key] = outcome.data;
}

Value to_json(const Rule& rule, const std::vector<std::string_view>& names) {
  Value json = Value::object();
  json["names"] = names;
  put_outcome(json, "action", "errnoRet", rule.outcome);
  for (const Condition& condition : rule.conditions) json["args"].push_back(to_json(condition));
  return json;
}

}  // namespace

Value to_json(const Profile& profile) {
  Value json = Value::object();
  put_outcome(json, "defaultAction", "defaultErrnoRet", profile.default_outcome);
  if (!profile.architectures.empty()) json["architectures"] = profile.architectures;
  if (!profile.flags.empty()) json["flags"] = profile.flags;
  std::map<Rule, std::vector<std::string_view>> calls_with;
  auto last = calls_with.end();
  for (const auto& [name, rules] : profile.calls)
    for (const Rule& rule : rules) {
      // Nearly all have the rule of the one before.
      if (last == calls_with.end() || last->first != rule) last = calls_with.try_emplace(rule).first;
      last->second.push_back(name);
    }
  Value& list = json["syscalls"] = Value::array();
  for (const auto& [rule, names] : calls_with) list.push_back(to_json(rule, names));
  return json;
}

}  // namespace runward::seccomp

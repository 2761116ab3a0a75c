// SPDX-License-Identifier: Apache-2.0
#include "seccomp/print.h"

#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace runward::seccomp {
namespace {

using oci::Value;

// Members are given in the order of their names, so that none is looked for; a list in braces would be copied.
class Object {
 public:
  template <typename V>
  Object& add(const char* name, V&& value) {
    members_.emplace_hint(members_.end(), name, std::forward<V>(value));
    return *this;
  }
  Value take() { return std::move(members_); }

 private:
  Value::object_t members_;
};

bool has_data(Outcome outcome) { return outcome.action == Action::error || outcome.action == Action::trace; }

Value to_json(const Condition& condition) {
  const bool is_masked = condition.compare == Compare::masked_equal;
  Object json;
  json.add("index", condition.argument).add("op", to_string(condition.compare));
  json.add("value", is_masked ? condition.mask : condition.value);
  if (is_masked) json.add("valueTwo", condition.value);
  return json.take();
}

Value to_json(const std::vector<Condition>& conditions) {
  Value::array_t list;
  list.reserve(conditions.size());
  for (const Condition& condition : conditions) list.push_back(to_json(condition));
  return list;
}

Value to_json(const Rule& rule, const std::vector<std::string_view>& names) {
  Object json;
  json.add("action", to_string(rule.outcome.action));
  if (!rule.conditions.empty()) json.add("args", to_json(rule.conditions));
  if (has_data(rule.outcome)) json.add("errnoRet", rule.outcome.data);
  return json.add("names", Value::array_t(names.begin(), names.end())).take();
}

Value rules_of(const Calls& calls) {
  std::map<Rule, std::vector<std::string_view>> names_of;
  auto last = names_of.end();
  for (const auto& [name, rules] : calls)
    for (const Rule& rule : rules) {
      // Nearly all have the rule of the one before.
      if (last == names_of.end() || last->first != rule) last = names_of.try_emplace(rule).first;
      last->second.emplace_back(name);
    }
  Value::array_t list;
  list.reserve(names_of.size());
  for (const auto& [rule, names] : names_of) list.push_back(to_json(rule, names));
  return list;
}

}  // namespace

Value to_json(const Profile& profile) {
  Object json;
  if (!profile.architectures.empty()) json.add("architectures", profile.architectures);
  json.add("defaultAction", to_string(profile.default_outcome.action));
  if (has_data(profile.default_outcome)) json.add("defaultErrnoRet", profile.default_outcome.data);
  if (!profile.flags.empty()) json.add("flags", profile.flags);
  return json.add("syscalls", rules_of(profile.calls)).take();
}

}  // namespace runward::seccomp

// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/event.h"

#include <array>
#include <cstdio>

#include "shim/oci/print.h"

namespace runward::harden {
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

std::string_view word(Operation operation) {
  switch (operation) {
    case Operation::set:
      return "set";
    case Operation::insert:
      return "insert";
    case Operation::remove:
      return "remove";
  }
  return "";
}

std::string_view word(Severity severity) { return severity == Severity::violation ? "violation" : "notice"; }

// A whole seccomp filter would make every line forty times as long; `explain` shows it.
constexpr std::size_t kMostParts = 200;

std::size_t parts_of(const oci::Value& value) {
  std::size_t parts = 0;
  if (value.is_array())
    for (const oci::Value& part : value.get_ref<const oci::Value::array_t&>()) parts += parts_of(part);
  else if (value.is_object())
    for (const auto& [key, part] : value.get_ref<const oci::Value::object_t&>()) parts += parts_of(part);
  else
    return 1;
  return parts;
}

oci::Value told(const oci::Value& value) {
  const std::size_t parts = parts_of(value);
  return parts <= kMostParts ? value : oci::Value{{"elided", parts}};
}

oci::Value to_json(const Change& change) {
  oci::Value json = oci::Value::object();  // member by member: a list in braces is copied
  json["operation"] = word(change.operation);
  json["pointer"] = change.where.to_string();
  json["reason"] = change.reason;
  if (change.before) json["before"] = told(*change.before);
  if (change.after) json["after"] = told(*change.after);
  return json;
}

oci::Value head(const EventContext& context) {
  oci::Value json = {{"time", rfc3339(context.time)},  {"engine", context.engine},
                     {"container", context.container}, {"bundle", context.bundle},
                     {"command", context.command},     {"profile", context.profile},
                     {"selected", context.selected},   {"policy_hash", context.policy_hash}};
  if (!context.image.empty()) json["image"] = context.image;
  return json;
}

// Names of containers, images and paths may hold what is no UTF-8; an event is written all the same.
std::string to_line(const oci::Value& json) { return oci::print(json, oci::BadText::replace) + "\n"; }

}  // namespace

// By std::chrono, since gmtime_r(3) reads the host's time zone first.
std::string rfc3339(std::chrono::system_clock::time_point time) {
  using std::chrono::duration_cast;
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(duration_cast<std::chrono::nanoseconds>(time - day));
  std::array<char, 64> text{};  // room for any time
  static_cast<void>(std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02lld:%02lld:%02lld.%09lldZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<long long>(clock.hours().count()), static_cast<long long>(clock.minutes().count()),
      static_cast<long long>(clock.seconds().count()), static_cast<long long>(clock.subseconds().count())));
  return text.data();
}

oci::Value to_json(const Outcome& outcome, const std::string& profile) {
  oci::Value findings = oci::Value::array();
  for (const Finding& finding : outcome.verdict.findings)
    findings.push_back({{"severity", word(finding.severity)},
                        {"pointer", finding.where.to_string()},
                        {"message", message(finding, outcome.rule, profile)}});
  oci::Value changes = oci::Value::array();
  for (const Change& change : outcome.verdict.changes) changes.push_back(to_json(change));
  return {{"rule", name_of(outcome.rule)},
          {"mode", word(outcome.mode)},
          {"findings", std::move(findings)},
          {"changes", std::move(changes)}};
}

std::string event_line(const EventContext& context, const Report& report, const policy::Policy& policy) {
  oci::Value json = head(context);
  json["decision"] = report.refused() ? "refused" : "allowed";
  if (report.refused()) json["message"] = refusal_message(report, policy);
  json["rules"] = oci::Value::array();
  for (const Outcome& outcome : report.outcomes) json["rules"].push_back(to_json(outcome, policy.profile));
  return to_line(json);
}

std::string error_event_line(const EventContext& context, const std::string& message) {
  oci::Value json = head(context);
  json["decision"] = "error";
  json["message"] = message;
  json["rules"] = oci::Value::array();
  return to_line(json);
}

}  // namespace runward::harden

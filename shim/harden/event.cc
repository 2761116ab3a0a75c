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

void write_told(oci::Writer& out, const oci::Value& value) {
  const std::size_t parts = parts_of(value);
  if (parts <= kMostParts)
    out.value(value);
  else
    out.begin_object().key("elided").value(parts).end_object();
}

void write(oci::Writer& out, const Change& change) {
  out.begin_object();
  if (change.after) write_told(out.key("after"), *change.after);
  if (change.before) write_told(out.key("before"), *change.before);
  out.key("operation").text(word(change.operation));
  out.key("pointer").text(change.where.to_string());
  out.key("reason").text(change.reason).end_object();
}

void write(oci::Writer& out, const Outcome& outcome, const std::string& profile) {
  out.begin_object().key("changes").begin_array();
  for (const Change& change : outcome.verdict.changes) write(out, change);
  out.end_array().key("findings").begin_array();
  for (const Finding& finding : outcome.verdict.findings)
    out.begin_object()
        .key("message")
        .text(message(finding, outcome.rule, profile))
        .key("pointer")
        .text(finding.where.to_string())
        .key("severity")
        .text(word(finding.severity))
        .end_object();
  out.end_array();
  out.key("mode").text(word(outcome.mode)).key("rule").text(name_of(outcome.rule)).end_object();
}

// Up to the rules, which come last. Names of containers, images and paths may hold what is no UTF-8; an event is
// written all the same.
oci::Writer begin_event(const EventContext& context, std::string_view decision, const std::string& message) {
  oci::Writer out(oci::BadText::replace);
  out.begin_object().key("time").text(rfc3339(context.time)).key("engine").text(context.engine);
  out.key("container").text(context.container).key("bundle").text(context.bundle);
  out.key("command").text(context.command).key("profile").text(context.profile);
  out.key("selected").text(context.selected).key("policy_hash").text(context.policy_hash);
  if (!context.image.empty()) out.key("image").text(context.image);
  out.key("decision").text(decision);
  if (!message.empty()) out.key("message").text(message);
  out.key("rules").begin_array();
  return out;
}

std::string end_event(oci::Writer& out) { return out.end_array().end_object().take() + "\n"; }

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
  oci::Writer out(oci::BadText::replace);
  write(out, outcome, profile);
  return oci::Value::parse(out.take());
}

std::string event_line(const EventContext& context, const Report& report, const policy::Policy& policy) {
  const bool is_refused = report.refused();
  oci::Writer out = begin_event(context, is_refused ? "refused" : "allowed",
                                is_refused ? refusal_message(report, policy) : std::string());
  for (const Outcome& outcome : report.outcomes) write(out, outcome, policy.profile);
  return end_event(out);
}

std::string error_event_line(const EventContext& context, const std::string& message) {
  oci::Writer out = begin_event(context, "error", message);
  return end_event(out);
}

}  // namespace runward::harden

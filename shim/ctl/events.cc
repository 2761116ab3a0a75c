// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/events.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "shim/ctl/decisions.h"
#include "shim/ctl/event_log.h"
#include "shim/ctl/table.h"
#include "shim/policy/store.h"

namespace runward::ctl {
namespace {

constexpr std::size_t kShortId = 12;  // as `docker ps` shows it
constexpr std::array<std::string_view, 3> kDecisions = {"allowed", "refused", "error"};

// "2026-11-22T08:09:41.123Z" → "2026-11-22 08:09:41"
std::string short_time(std::string time) {
  constexpr std::size_t kSeconds = 19;
  if (time.size() > kSeconds) time.resize(kSeconds);
  std::ranges::replace(time, 'T', ' ');
  return time;
}

std::string why(const oci::Value& event) {
  std::string message = printable(text_of(event, "message"));
  if (!message.empty()) return message;
  const oci::Value* const rules = oci::find(event, std::string_view("rules"));
  const std::string changed = rules != nullptr && rules->is_array() ? changed_rules(*rules) : "";
  return changed.empty() ? "nothing changed" : "changed by " + changed;
}

Result<EventFilter> filter_of(const Given& given) {
  const EventFilter filter{.container = given.value("container"), .decision = given.value("decision")};
  if (filter.decision && std::ranges::find(kDecisions, *filter.decision) == kDecisions.end())
    return make_error(ErrorKind::usage, "--decision takes allowed, refused or error");
  return filter;
}

Result<std::string> file_of(const Given& given) {
  if (const auto file = given.value("file")) return *file;
  SHIM_TRY(const policy::Config config, policy::load_config(config_dir(given)));
  if (config.events.file.empty())
    return make_error(ErrorKind::policy, "no events are written: events.file is empty in config.json");
  return config.events.file;
}

class Printer {
 public:
  Printer(EventFilter filter, bool json) : filter_(std::move(filter)), json_(json) {}

  void operator()(std::string_view line) const {
    const auto event = parse_event(line);
    if (!event || !is_wanted(*event, filter_)) return;
    print(json_ ? std::string(line) + "\n" : describe_event(*event));
  }

 private:
  EventFilter filter_;
  bool json_;
};

// Until it is interrupted, or nobody reads our output any more.
Result<int> follow(EventLog log, const std::string& file, const Printer& printer) {
  constexpr std::chrono::milliseconds kPause{200};
  for (;;) {
    SHIM_TRY(const bool is_current, log.read(printer));
    if (std::fflush(stdout) != 0) return kExitProblem;
    std::this_thread::sleep_for(kPause);
    if (is_current) continue;
    if (auto next = EventLog::open(file)) log = *std::move(next);
  }
}

}  // namespace

bool is_wanted(const oci::Value& event, const EventFilter& filter) {
  if (filter.container && !text_of(event, "container").starts_with(*filter.container)) return false;
  return !filter.decision || text_of(event, "decision") == *filter.decision;
}

std::string describe_event(const oci::Value& event) {
  const std::string decision = printable(text_of(event, "decision"));
  return short_time(printable(text_of(event, "time"))) + "  " +
         emphasise(decision, decision == "allowed" ? Emphasis::right : Emphasis::wrong) + "  " +
         printable(text_of(event, "container")).substr(0, kShortId) + "  " + printable(text_of(event, "command")) +
         "  " + printable(text_of(event, "profile")) + "  " + why(event) + "\n";
}

Result<int> run_events(const Given& given) {
  SHIM_TRY(const EventFilter filter, filter_of(given));
  SHIM_TRY(const std::string file, file_of(given));
  const Printer printer(filter, given.has("json"));
  SHIM_TRY(EventLog log, EventLog::open(file));
  if (given.has("follow")) return follow(std::move(log), file, printer);
  SHIM_CHECK(log.read(printer));
  return kExitOk;
}

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "shim/base/number.h"
#include "shim/ctl/doctor/judges.h"
#include "shim/ctl/words.h"

namespace runward::ctl::doctor {
namespace {

struct WayWords {
  Way way;
  std::string_view gives;   // what one gets by it
  std::string_view closes;  // what closes it
};
constexpr std::string_view kContainer = "container";
constexpr std::string_view kProcess = "process";
constexpr std::string_view kShadow =
    "put runward in runc's place for the engines; until then, whoever reaches the engine has this way";
constexpr std::string_view kProfile = "look at the profile with runwardctl rules, and at the mode in config.json";
constexpr std::string_view kCall =
    "let nobody reach the engine who may not be root: see runward(8) for what it governs";
constexpr std::array kWayWords = {
    WayWords{Way::through_runward, kContainer, kProfile},
    WayWords{Way::runtime_runc, kContainer, kShadow},
    WayWords{Way::runtime_shim, kContainer, kShadow},
    WayWords{Way::default_runtime, kContainer, "runwardctl install --default"},
    WayWords{Way::privileged, kContainer, kProfile},
    WayWords{Way::host_namespaces, kContainer, kProfile},
    WayWords{Way::engine_socket, kContainer, kProfile},
    WayWords{Way::exec, kProcess, kCall},
    WayWords{Way::exec_privileged, kProcess, kCall},
    WayWords{Way::update, kContainer, kCall},
    WayWords{Way::ctr, kContainer, kShadow},
};

const WayWords& words_of(Way way) {
  const auto* const found = std::ranges::find(kWayWords, way, &WayWords::way);
  return found == kWayWords.end() ? kWayWords.front() : *found;
}

std::string closes(Way way) { return std::string(words_of(way).closes); }

// Our sentence in the engine's message: "… runward: a privileged container is refused … (rule privileged): …".
std::optional<std::string> refusing_rule(const std::string& message) {
  constexpr std::string_view kRule = "(rule ";
  const std::size_t ours = message.find("runward: ");
  if (ours == std::string::npos) return std::nullopt;
  const std::size_t rule = message.find(kRule, ours);
  if (rule == std::string::npos) return std::nullopt;
  const std::size_t begin = rule + kRule.size();
  const std::size_t end = message.find(')', begin);
  return end == std::string::npos ? std::nullopt : std::optional(message.substr(begin, end - begin));
}

// The engine itself has no runtime of that name.
bool is_unknown_runtime(const std::string& message) {
  return message.find("nknown runtime specified") != std::string::npos ||
         message.find("nknown or invalid runtime name") != std::string::npos;
}

// An engine's message in one line, and not all of a long one.
std::string in_short(const std::string& message) {
  constexpr std::size_t kLong = 240;
  std::string text;
  for (const char byte : message) {
    const bool is_space = static_cast<unsigned char>(byte) <= ' ';
    if (!is_space) text += byte;
    if (is_space && !text.empty() && text.back() != ' ') text += ' ';
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text.size() <= kLong ? text : text.substr(0, kLong) + " …";
}

// What was promised and is not kept.
std::vector<std::string> looser(const Seen& seen, const Promise& promise) {
  std::vector<std::string> found;
  if (promise.no_new_privileges && !seen.no_new_privileges) found.emplace_back("no_new_privs is not set");
  if (promise.seccomp && !seen.seccomp) found.emplace_back("no seccomp filter");
  if (promise.capabilities && !promise.capabilities->includes(seen.bounding)) {
    const oci::CapabilitySet more = seen.bounding - *promise.capabilities;
    auto names = more.names();
    constexpr std::size_t kFew = 4;
    const bool are_many = names.size() > kFew;
    names.resize(std::min(kFew, names.size()));
    found.push_back(joined(names, " ") + (are_many ? " …" : "") + " beyond the profile");
  }
  for (const std::string& type : promise.namespaces)
    if (seen.host_namespaces.contains(type)) found.push_back("the host's " + type + " namespace");
  if (promise.no_engine_socket && seen.engine_socket) found.emplace_back("the engine's socket");
  return found;
}

Line judge_seen(const Seen& seen, const Promise& promise, Line line, Way way) {
  const auto found = looser(seen, promise);
  const std::string what(words_of(way).gives);
  if (!found.empty()) {
    line.level = Level::fail;
    line.reason = "gives a " + what + " that is not hardened: " + joined(found);
    line.mend = closes(way);
  } else if (promise.empty()) {
    line.level = Level::warning;
    line.reason = "gives a " + what + ", and no rule is enforced that it could be measured by";
    line.mend = closes(way);
  } else {
    line.level = Level::ok;
    line.reason = "gives a hardened " + what;
  }
  return line;
}

Line judge_limit(const LimitSeen& limit, Line line, Way way) {
  const auto value = parse_number<std::uint64_t>(limit.value);
  if (limit.value != "max" && !value) {
    line.level = Level::warning;
    line.reason = "left " + limit.file + " unreadable";
  } else if (value && *value <= limit.ceiling) {
    line.level = Level::ok;
    line.reason =
        "left " + limit.file + " at " + limit.value + ", within the ceiling of " + std::to_string(limit.ceiling);
  } else {
    line.level = Level::fail;
    line.reason =
        "lifted " + limit.file + " to " + limit.value + ", above the ceiling of " + std::to_string(limit.ceiling);
    line.mend = closes(way);
  }
  return line;
}

Line judge_attempt(const Attempt& attempt, const Promise& promise) {
  Line line{.level = Level::warning, .subject = attempt.command, .reason = {}, .mend = {}};
  if (!attempt.outcome) {
    line.reason = "could not be tried: " + attempt.outcome.error().message;
    return line;
  }
  const Outcome& outcome = *attempt.outcome;
  if (outcome.limit && outcome.exit_code == 0) return judge_limit(*outcome.limit, std::move(line), attempt.way);
  if (outcome.seen) return judge_seen(*outcome.seen, promise, std::move(line), attempt.way);
  if (const auto rule = refusing_rule(outcome.errors)) {
    const bool is_control = attempt.way == Way::through_runward;
    line.level = is_control ? Level::warning : Level::ok;
    line.reason = "refused by runward (rule " + *rule + ")" +
                  (is_control ? ": even an ordinary container is, so the lines below say little" : "");
    if (is_control) line.mend = "name an image that the policy allows with --image";
    return line;
  }
  if (is_unknown_runtime(outcome.errors)) {
    line.level = Level::ok;
    line.reason = "refused by the engine, which has no such runtime";
    return line;
  }
  line.reason = "failed, and not by runward: " + in_short(outcome.errors);
  return line;
}

}  // namespace

Lines judge_ways(const Facts& facts) {
  if (facts.ways.problem)
    return {
        {.level = Level::warning, .subject = {}, .reason = "could not be tried: " + *facts.ways.problem, .mend = {}}};
  if (!facts.ways.tried)
    return {{.level = Level::info,
             .subject = {},
             .reason = "not tried",
             .mend = "runwardctl doctor --try starts throw-away containers and looks"}};
  const auto fails = std::ranges::count_if(facts.ways.attempts, [&](const Attempt& attempt) {
    return judge_attempt(attempt, facts.ways.promise).level == Level::fail;
  });
  if (fails == 0)
    return {{.level = Level::ok, .subject = {}, .reason = "none of those tried is seen to be open", .mend = {}}};
  return {{.level = Level::fail,
           .subject = {},
           .reason = std::to_string(fails) + " of " + std::to_string(facts.ways.attempts.size()) + " tried are open",
           .mend = {}}};
}

Lines judge_way(const Facts& facts, Way way) {
  Lines lines;
  for (const Attempt& attempt : facts.ways.attempts)
    if (attempt.way == way) lines.push_back(judge_attempt(attempt, facts.ways.promise));
  return lines;
}

}  // namespace runward::ctl::doctor

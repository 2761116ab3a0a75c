// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/ps.h"

#include <unistd.h>

#include <algorithm>

#include "runward_build_info.h"
#include "shim/base/file.h"
#include "shim/base/number.h"
#include "shim/ctl/containers.h"
#include "shim/ctl/event_log.h"
#include "shim/ctl/table.h"
#include "shim/ctl/words.h"
#include "shim/decide.h"
#include "shim/harden/amount.h"
#include "shim/host/probe.h"
#include "shim/host/running.h"
#include "shim/policy/store.h"

namespace runward::ctl {
namespace {

using policy::Mode;

constexpr std::size_t kShortId = 12;
constexpr std::size_t kSmallFile = std::size_t{64} << 10U;

// The value behind "NAME:" in a status file of proc(5).
std::string_view field(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(name) || line.substr(name.size(), 1) != ":") continue;
    line.remove_prefix(name.size() + 1);
    const std::size_t begin = line.find_first_not_of(" \t");
    return begin == std::string_view::npos ? std::string_view() : line.substr(begin);
  }
  return {};
}

std::uint64_t mask(std::string_view hex) {
  constexpr int kHex = 16;
  return parse_number<std::uint64_t>(hex, kHex).value_or(0);
}

// "docker-default (enforce)"
std::string profile_of(std::string_view label) {
  std::string name(label.substr(0, label.find(" (")));
  while (!name.empty() && (name.back() == '\n' || name.back() == '\0')) name.pop_back();
  return name == "unconfined" ? std::string() : name;
}

// "         0     100000      65536": inside, outside, how many.
std::string range_of(std::string_view map) {
  std::array<std::uint64_t, 3> numbers{};
  for (std::uint64_t& number : numbers) {
    const std::size_t begin = std::min(map.find_first_not_of(" \t"), map.size());
    map.remove_prefix(begin);
    const auto taken = take_number<std::uint64_t>(map);
    if (!taken) return "?";
    number = *taken;
  }
  const bool is_host = numbers[0] == 0 && numbers[1] == 0 && numbers[2] == UINT32_MAX;
  return is_host ? "host" : std::to_string(numbers[1]) + "+" + std::to_string(numbers[2]);
}

std::string read_proc(pid_t pid, std::string_view name) {
  auto text = read_file("/proc/" + std::to_string(pid) + "/" + std::string(name), kSmallFile);
  return text ? *std::move(text) : std::string();
}

std::optional<std::uint64_t> decided(const oci::Value& resources, const char* pointer) {
  const oci::Value* const value = oci::find(resources, oci::Pointer(pointer));
  if (value == nullptr || !value->is_number_integer() || value->get<std::int64_t>() <= 0) return std::nullopt;
  return value->get<std::uint64_t>();
}

// A limit was decided at the start, and an update may have changed it up to the ceiling.
void compare_limit(std::vector<std::string>& all, const char* name, std::optional<std::uint64_t> at_start,
                   std::optional<std::uint64_t> ceiling, std::optional<std::uint64_t> now) {
  if (!at_start) return;
  const std::uint64_t most = std::max(*at_start, ceiling.value_or(UINT64_MAX));
  if (now.value_or(UINT64_MAX) <= most || (!ceiling && !now)) return;
  all.push_back(std::string(name) + " " + (now ? std::to_string(*now) : "without a limit") + " above " +
                std::to_string(most));
}

std::optional<std::uint64_t> ceiling_of(const policy::Limit& limit, std::uint64_t host_total) {
  return limit.ceiling ? std::optional(harden::on_host(*limit.ceiling, host_total)) : std::nullopt;
}

void compare_limits(std::vector<std::string>& all, const state::Decision& decision, const policy::Policy& policy,
                    const host::HostFacts& host, const host::CurrentLimits& now) {
  constexpr std::uint64_t kThousandths = 1000;
  constexpr std::uint64_t kMostPids = 4194304;
  const auto share = [](std::optional<std::uint64_t> quota, std::optional<std::uint64_t> period) {
    return quota && period && *period > 0 ? std::optional(*quota * kThousandths / *period) : std::nullopt;
  };
  compare_limit(all, "memory", decided(decision.resources, "/memory/limit"),
                ceiling_of(policy.memory, host.memory_bytes), now.memory);
  compare_limit(all, "cpu",
                share(decided(decision.resources, "/cpu/quota"), decided(decision.resources, "/cpu/period")),
                ceiling_of(policy.cpu, host.cpu_count * kThousandths), share(now.cpu_quota, now.cpu_period));
  compare_limit(all, "pids", decided(decision.resources, "/pids/limit"), ceiling_of(policy.pids, kMostPids), now.pids);
}

struct Row {
  state::Decision decision;
  std::string name;
  std::string mode;
  std::string last;  // the last decision about it, from the events
  Reality reality;
  std::vector<std::string> differences;
};

bool wants_seccomp(const state::Decision& decision) {
  const auto text = read_file(decision.bundle + "/" + kDocument, std::size_t{16} << 20U);
  if (!text) return false;
  const auto document = parse_spec(*text, kDocument);
  return document && oci::Spec(*document).seccomp() != nullptr;
}

Row look_at(state::Decision decision, pid_t pid, const Containers& containers) {
  Row row{.decision = std::move(decision), .name = {}, .mode = {}, .last = {}, .reality = {}, .differences = {}};
  if (const auto known = containers.find(row.decision.container); known != containers.end()) {
    row.name = known->second.name;
    if (known->second.last)
      row.last = text_of(*known->second.last, "command") + " " + text_of(*known->second.last, "decision");
  }
  const auto limits = host::read_limits(pid);
  row.reality = read_reality(read_proc(pid, "status"), read_proc(pid, "attr/current"), read_proc(pid, "uid_map"),
                             limits ? *limits : host::CurrentLimits());
  const auto policy = policy::policy_from_text(row.decision.policy);
  if (!policy) {
    row.mode = "?";
    row.differences.push_back("its policy can't be read: " + policy.error().message);
    return row;
  }
  row.mode = describe_modes(*policy);
  const auto host =
      host::probe_resources(oci::LinuxResources(row.decision.resources), *policy, row.decision.runtime_root, pid);
  row.differences =
      differences(row.decision, *policy, wants_seccomp(row.decision), host ? *host : host::HostFacts(), row.reality);
  return row;
}

std::string state_of(const Row& row) {
  return row.differences.empty() ? emphasise("as decided", Emphasis::right)
                                 : emphasise(printable(joined(row.differences, "; ")), Emphasis::wrong);
}

Table table_of(const std::vector<Row>& rows) {
  Table table{.header = {"CONTAINER", "NAME", "PROFILE", "MODE", "USERS", "LAST DECISION", "NOW"}, .rows = {}};
  for (const Row& row : rows)
    table.rows.push_back({printable(row.decision.container).substr(0, kShortId), printable(row.name),
                          printable(row.decision.policy.profile), row.mode, row.reality.user_range, printable(row.last),
                          state_of(row)});
  return table;
}

oci::Value to_json(const std::vector<Row>& rows) {
  oci::Value all = oci::Value::array();
  for (const Row& row : rows)
    all.push_back({{"container", row.decision.container},
                   {"name", row.name},
                   {"image", row.decision.image},
                   {"bundle", row.decision.bundle},
                   {"time", row.decision.time},
                   {"profile", row.decision.policy.profile},
                   {"policy_hash", row.decision.policy_hash},
                   {"mode", row.mode},
                   {"users", row.reality.user_range},
                   {"last_decision", row.last},
                   {"differences", row.differences}});
  return all;
}

std::string ids_of(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) text += printable(row.decision.container) + "\n";
  return text;
}

}  // namespace

Reality read_reality(std::string_view status, std::string_view label, std::string_view uid_map,
                     host::CurrentLimits limits) {
  // In the order of oci::kCapabilitySets.
  constexpr std::array<std::string_view, 5> kMasks = {"CapBnd", "CapEff", "CapPrm", "CapInh", "CapAmb"};
  Reality reality{.capabilities = {},
                  .no_new_privileges = field(status, "NoNewPrivs") == "1",
                  .has_seccomp = field(status, "Seccomp") == "2",
                  .apparmor_profile = profile_of(label),
                  .user_range = range_of(uid_map),
                  .limits = limits};
  for (std::size_t i = 0; i < kMasks.size(); ++i) reality.capabilities.at(i) = mask(field(status, kMasks.at(i)));
  return reality;
}

std::vector<std::string> differences(const state::Decision& decision, const policy::Policy& policy, bool wants_seccomp,
                                     const host::HostFacts& host, const Reality& reality) {
  std::vector<std::string> all;
  const oci::Process process(decision.process);
  for (std::size_t i = 0; i < oci::kCapabilitySets.size(); ++i) {
    const std::string_view set = oci::kCapabilitySets.at(i);
    std::uint64_t allowed = 0;
    for (const oci::Capability capability : process.capability_set(set).members())
      allowed |= std::uint64_t{1} << capability.number;
    if ((reality.capabilities.at(i) & ~allowed) != 0) all.push_back("more " + std::string(set) + " capabilities");
  }
  if (process.no_new_privileges() && !reality.no_new_privileges) all.emplace_back("no_new_privs is not set");
  if (wants_seccomp && !reality.has_seccomp) all.emplace_back("no seccomp filter");
  const std::string label = process.apparmor_profile().value_or("");
  if (!label.empty() && label != "unconfined" && reality.apparmor_profile.empty())
    all.emplace_back("no AppArmor profile");
  if (decision.users &&
      reality.user_range != std::to_string(decision.users->first) + "+" + std::to_string(decision.users->size))
    all.push_back("user ids " + reality.user_range);
  compare_limits(all, decision, policy, host, reality.limits);
  return all;
}

std::string describe_modes(const policy::Policy& policy) {
  std::array<std::string, 3> names;
  for (const policy::Rule& rule : policy::kRules) {
    std::string& list = names.at(static_cast<std::size_t>(policy.rule(rule.id).mode));
    list.append(list.empty() ? "" : ", ").append(rule.name);
  }
  const std::string& audited = names.at(static_cast<std::size_t>(Mode::audit));
  const std::string& off = names.at(static_cast<std::size_t>(Mode::off));
  if (names.at(static_cast<std::size_t>(Mode::enforce)).empty()) return audited.empty() ? "off" : "audit";
  std::string text = "enforce";
  if (!audited.empty()) text += "; audit: " + audited;
  if (!off.empty()) text += "; off: " + off;
  return text;
}

Result<int> run_ps(const Given& given) {
  if (::geteuid() != 0) return make_error(ErrorKind::usage, "ps needs root: decisions are kept where only root reads");
  SHIM_TRY(const policy::Config config, policy::load_config(config_dir(given)));
  std::vector<state::Decision> decisions = state::Decisions(build_info::kStateDir).list();
  ContainerIds ids;
  for (const state::Decision& decision : decisions) ids.insert(decision.container);
  SHIM_TRY(const Containers containers, list_containers(config.events.file, ids));
  std::vector<Row> rows;
  for (state::Decision& decision : decisions) {
    const auto pid = host::first_process_of(decision.pid_file, decision.runtime_root, decision.container);
    if (pid) rows.push_back(look_at(std::move(decision), *pid, containers));
  }
  std::ranges::sort(rows, {}, [](const Row& row) { return row.decision.time; });
  if (given.has("json")) {
    print(to_json(rows).dump(2, ' ', false, oci::Value::error_handler_t::replace) + "\n");
  } else {
    print(given.has("quiet") ? ids_of(rows) : render(table_of(rows)));
  }
  const bool all_as_decided = std::ranges::all_of(rows, [](const Row& row) { return row.differences.empty(); });
  return all_as_decided ? kExitOk : kExitProblem;
}

}  // namespace runward::ctl

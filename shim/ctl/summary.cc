// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/summary.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>

#include "shim/ctl/table.h"

namespace runward::ctl {
namespace {

using oci::Spec;

std::string joined(const std::vector<std::string>& words, std::string_view empty = "none") {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : " ").append(printable(word));
  return text.empty() ? std::string(empty) : text;
}

std::string user(const Spec& spec) {
  const oci::Process process = spec.process();
  std::string text = std::to_string(process.uid()) + ":" + std::to_string(process.gid());
  std::string groups;
  for (const std::uint64_t gid : process.additional_gids()) groups += " " + std::to_string(gid);
  return text + (groups.empty() ? "" : " groups" + groups);
}

std::string capabilities(const Spec& spec) {
  const oci::CapabilitySet all = spec.process().all_capabilities();
  if (all.empty()) return "none";
  std::vector<std::string> names = all.names();
  for (std::string& name : names)
    if (name.starts_with("CAP_")) name.erase(0, 4);
  constexpr std::size_t kNearlyAll = 36;
  const std::string number = std::to_string(names.size());
  return names.size() >= kNearlyAll ? number + ", all or nearly so" : number + ": " + joined(names);
}

std::string no_new_privileges(const Spec& spec) { return spec.process().no_new_privileges() ? "yes" : "no"; }

std::string seccomp(const Spec& spec) {
  const oci::Value* const filter = spec.seccomp();
  if (filter == nullptr) return "none";
  std::size_t calls = 0;
  if (const oci::Value* groups = oci::find(*filter, std::string_view("syscalls")))
    for (const oci::Value& group : *groups)
      if (const oci::Value* names = oci::find(group, std::string_view("names"))) calls += names->size();
  const oci::Value* const action = oci::find(*filter, std::string_view("defaultAction"));
  const std::string otherwise = action != nullptr && action->is_string() ? action->get<std::string>() : "unknown";
  return std::to_string(calls) + " calls listed, else " + printable(otherwise);
}

std::string apparmor(const Spec& spec) { return printable(spec.process().apparmor_profile().value_or("none")); }

std::string namespaces(const Spec& spec) {
  std::vector<std::string> words;
  for (const oci::Namespace& entry : spec.namespaces())
    words.push_back(entry.type + (entry.path.empty() ? "" : "→joined"));
  return joined(words);
}

// "0-65535 → 1879048192-1879113727", or whose the ids are.
std::string user_ids(const Spec& spec) {
  const oci::Value* const mappings = oci::find(spec.value(), oci::Pointer("/linux/uidMappings"));
  if (mappings == nullptr || !mappings->is_array() || mappings->empty()) return "the host's";
  const auto number = [](const oci::Value& mapping, const char* key) {
    const oci::Value* const value = oci::find(mapping, std::string_view(key));
    return value != nullptr && value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
  };
  const auto span = [](std::uint64_t first, std::uint64_t size) {
    return std::to_string(first) + "-" + std::to_string(first + std::max<std::uint64_t>(size, 1) - 1);
  };
  std::string text;
  for (const oci::Value& mapping : *mappings) {
    const std::uint64_t size = number(mapping, "size");
    text.append(text.empty() ? "" : "\n")
        .append(span(number(mapping, "containerID"), size))
        .append(" → ")
        .append(span(number(mapping, "hostID"), size));
  }
  return text;
}

std::string rootfs(const Spec& spec) { return spec.root_readonly() ? "read-only" : "writable"; }

// The end of a path tells more than its beginning.
std::string shortened(const std::string& path) {
  constexpr std::size_t kLongest = 40;
  if (path.size() <= kLongest) return printable(path);
  std::size_t begin = path.size() - kLongest;
  while ((static_cast<unsigned char>(path[begin]) & 0xc0U) == 0x80U) ++begin;
  return "…" + printable(path.substr(begin));
}

std::string mounts(const Spec& spec) {
  std::string binds;
  const auto all = spec.mounts();
  for (const oci::Mount& mount : all)
    if (mount.is_bind())
      binds += "\n" + shortened(mount.source) + " → " + printable(mount.destination) + (mount.has("ro") ? " (ro)" : "");
  return std::to_string(all.size()) + (binds.empty() ? ", no binds" : ", binds:" + binds);
}

// Where data can be left behind; not the kernel's own filesystems.
std::string writable_paths(const Spec& spec) {
  constexpr std::array<std::string_view, 6> kKernels = {"proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue"};
  std::vector<std::string> paths;
  if (!spec.root_readonly()) paths.emplace_back("/");
  for (const oci::Mount& mount : spec.mounts())
    if (!mount.has("ro") && std::ranges::find(kKernels, mount.type) == kKernels.end())
      paths.push_back(mount.destination);
  return joined(paths);
}

std::string masked_paths(const Spec& spec) {
  return std::to_string(spec.masked_paths().size()) + " masked, " + std::to_string(spec.readonly_paths().size()) +
         " read-only";
}

std::string number_or_star(std::int64_t number) { return number < 0 ? "*" : std::to_string(number); }

std::string devices(const Spec& spec) {
  std::vector<std::string> words;
  for (const oci::Device& device : spec.devices()) words.push_back(device.path);
  std::string rules;
  for (const oci::DeviceRule& rule : spec.resources().devices())
    if (rule.allow && (rule.type == "a" || (rule.major < 0 && rule.access.find_first_of("rw") != std::string::npos)))
      rules += "\nrule " + rule.type + " " + number_or_star(rule.major) + ":" + number_or_star(rule.minor) + " " +
               printable(rule.access);
  constexpr std::size_t kMany = 12;
  const std::string nodes =
      words.size() > kMany ? std::to_string(words.size()) + " nodes" : joined(words, "the standard ones");
  return nodes + rules;
}

std::string in_bytes(std::optional<std::int64_t> amount) {
  if (!amount || *amount == 0) return "no limit";
  if (*amount < 0) return "unlimited";
  constexpr std::array<std::string_view, 5> kUnits = {" B", " KiB", " MiB", " GiB", " TiB"};
  constexpr std::int64_t kTooLong = 10240;  // to read in a smaller unit
  auto value = *amount;
  std::size_t unit = 0;
  for (; unit + 1 < kUnits.size() && (value >= kTooLong || value % 1024 == 0); ++unit) value /= 1024;
  return std::to_string(value) + std::string(kUnits[unit]);
}

std::string memory(const Spec& spec) { return in_bytes(spec.resources().integer("memory", "limit")); }
std::string memory_and_swap(const Spec& spec) { return in_bytes(spec.resources().integer("memory", "swap")); }

std::string cpu(const Spec& spec) {
  constexpr std::int64_t kPeriod = 100'000;
  const auto quota = spec.resources().integer("cpu", "quota");
  const auto period = spec.resources().integer("cpu", "period");
  if (!quota || *quota <= 0) return "no limit";
  const std::int64_t hundredths = *quota / std::max<std::int64_t>(1, (period && *period > 0 ? *period : kPeriod) / 100);
  const std::string fraction = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) +
         (hundredths % 100 == 0 ? "" : (hundredths % 100 < 10 ? ".0" : ".") + fraction) + " CPU";
}

std::string pids(const Spec& spec) {
  const auto limit = spec.resources().integer("pids", "limit");
  return limit && *limit > 0 ? std::to_string(*limit) : "no limit";
}

std::string rlimit_value(std::uint64_t value) {
  return value == std::numeric_limits<std::uint64_t>::max() ? "unlimited" : std::to_string(value);
}

std::string rlimits(const Spec& spec) {
  constexpr std::string_view kPrefix = "RLIMIT_";
  std::vector<std::string> words;
  for (const oci::Rlimit& limit : spec.process().rlimits()) {
    const std::string name = limit.type.starts_with(kPrefix) ? limit.type.substr(kPrefix.size()) : limit.type;
    words.push_back(name + "=" + rlimit_value(limit.soft) +
                    (limit.soft == limit.hard ? "" : ":" + rlimit_value(limit.hard)));
  }
  return joined(words, "the engine's");
}

std::string oom_score(const Spec& spec) {
  const auto score = spec.process().oom_score_adj();
  return score ? std::to_string(*score) : "as the engine's";
}

std::string sysctl(const Spec& spec) {
  std::vector<std::string> words;
  for (const auto& [name, value] : spec.sysctl()) words.push_back(std::string(name).append("=").append(value));
  return joined(words);
}

std::string hooks(const Spec& spec) {
  std::vector<std::string> paths;
  for (const oci::Hook& hook : spec.hooks()) paths.push_back(hook.path);
  return joined(paths);
}

struct Row {
  std::string_view name;
  std::string (*describe)(const Spec& spec);
};

constexpr std::array kRows = {
    Row{"user", &user},
    Row{"capabilities", &capabilities},
    Row{"no_new_privs", &no_new_privileges},
    Row{"seccomp", &seccomp},
    Row{"apparmor", &apparmor},
    Row{"namespaces", &namespaces},
    Row{"user ids", &user_ids},
    Row{"rootfs", &rootfs},
    Row{"mounts", &mounts},
    Row{"writable paths", &writable_paths},
    Row{"hidden paths", &masked_paths},
    Row{"devices", &devices},
    Row{"memory", &memory},
    Row{"memory and swap", &memory_and_swap},
    Row{"cpu", &cpu},
    Row{"processes", &pids},
    Row{"rlimits", &rlimits},
    Row{"oom_score_adj", &oom_score},
    Row{"sysctl", &sysctl},
    Row{"hooks", &hooks},
};

}  // namespace

std::vector<SummaryRow> summarise(const Spec& asked, const Spec& actual) {
  std::vector<SummaryRow> rows;
  rows.reserve(kRows.size());
  for (const Row& row : kRows)
    rows.push_back({.name = row.name, .asked = row.describe(asked), .actual = row.describe(actual)});
  return rows;
}

}  // namespace runward::ctl

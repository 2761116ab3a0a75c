// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "shim/ctl/doctor/judges.h"
#include "shim/ctl/words.h"

namespace runward::ctl::doctor {
namespace {

// Sysctls that keep programs without rights from making user namespaces. runward runs as root and is not concerned: for
// the host they are hardening, for rootless engines the end.
struct UnprivilegedSwitch {
  std::string_view name;
  std::string_view off;  // the value that takes them away
};
constexpr std::array kUnprivilegedSwitches = {UnprivilegedSwitch{"kernel.unprivileged_userns_clone", "0"},
                                              UnprivilegedSwitch{"kernel.apparmor_restrict_unprivileged_userns", "1"}};

// What runward's filters, and those of the profile generator, ask the kernel for.
constexpr std::array<std::string_view, 4> kNeededActions = {"kill_process", "errno", "log", "allow"};

constexpr std::array<std::string_view, 3> kNeededControllers = {"memory", "cpu", "pids"};

bool has_word(std::string_view text, std::string_view wanted) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (text.substr(0, end) == wanted) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

std::string setting(const std::map<std::string, std::string>& sysctls, const std::string& name) {
  const auto found = sysctls.find(name);
  return found == sysctls.end() ? std::string() : found->second;
}

Line judge_trial(const IdmapTrial& trial) {
  const std::string subject = trial.filesystem + (trial.place.empty() ? "" : ", " + trial.place);
  if (trial.result) return {.level = Level::ok, .subject = subject, .reason = "work here (tried)", .mend = {}};
  const std::error_code code = trial.result.error().code;
  if (code != std::errc::invalid_argument && code != std::errc::function_not_supported)
    return unknown(trial.result.error(), subject);
  return {
      .level = Level::warning,
      .subject = subject,
      .reason = "this kernel has none for this filesystem (tried)",
      .mend =
          "containers get no user namespace where the engine's data can't be idmapped, and tmpfs sources are refused "
          "(user-namespace.unmappable): Linux 5.19 with ext4, xfs or btrfs below the engine's data, 6.3 for tmpfs"};
}

}  // namespace

Lines judge_root(const Facts& facts) {
  if (facts.is_root) return {{.level = Level::ok, .subject = {}, .reason = "it runs as root", .mend = {}}};
  return {{.level = Level::warning,
           .subject = {},
           .reason = "it does not run as root, and cannot look at everything",
           .mend = "run it with sudo"}};
}

Lines judge_user_namespaces(const Facts& facts) {
  const KernelFacts& kernel = facts.kernel;
  Lines lines;
  const std::string most = setting(kernel.sysctls, "user.max_user_namespaces");
  if (most == "0") {
    lines.push_back({.level = Level::warning,
                     .subject = {},
                     .reason = "user.max_user_namespaces is 0: nobody can make one, root neither",
                     .mend = "sysctl user.max_user_namespaces=65536, if containers are to have their own"});
  } else if (kernel.user_namespace) {
    lines.push_back({.level = Level::ok, .subject = {}, .reason = "root can make them (tried)", .mend = {}});
  } else {
    lines.push_back(unknown(kernel.user_namespace.error()));
  }
  for (const UnprivilegedSwitch& row : kUnprivilegedSwitches)
    if (setting(kernel.sysctls, std::string(row.name)) == row.off)
      lines.push_back({.level = Level::info,
                       .subject = {},
                       .reason = std::string(row.name) + " is " + std::string(row.off) +
                                 ": others than root cannot make them; runward runs as root and can, rootless engines "
                                 "cannot",
                       .mend = {}});
  return lines;
}

Lines judge_idmapped_mounts(const Facts& facts) {
  Lines lines;
  for (const IdmapTrial& trial : facts.kernel.idmapped) lines.push_back(judge_trial(trial));
  return lines;
}

Lines judge_uid_pool(const Facts& facts) {
  if (!facts.ids_in_use) return {unknown(facts.ids_in_use.error())};
  const policy::IdPool& pool = facts.id_pool;
  const std::string ids = "ids " + std::to_string(pool.first) + " to " + std::to_string(pool.end() - 1);
  Lines lines;
  for (const IdRange& range : clashes(pool, *facts.ids_in_use))
    lines.push_back({.level = Level::fail,
                     .subject = {},
                     .reason = "of the " + ids + " of containers, " + range.owner + " has " +
                               std::to_string(range.count) + " from " + std::to_string(range.first),
                     .mend = "give it other ids, or containers another id_pool in /etc/runward/config.json"});
  if (!lines.empty()) return lines;
  const bool is_nearly_full = facts.ranges_taken > pool.ranges / 10 * 9;
  return {{.level = is_nearly_full ? Level::warning : Level::ok,
           .subject = {},
           .reason = ids + ": nobody else has any; " + std::to_string(facts.ranges_taken) + " of " +
                     std::to_string(pool.ranges) + " ranges are taken",
           .mend = is_nearly_full ? "enlarge id_pool in /etc/runward/config.json" : ""}};
}

Lines judge_seccomp(const Facts& facts) {
  const Result<std::string>& actions = facts.kernel.seccomp_actions;
  if (!actions && actions.error().code == std::errc::no_such_file_or_directory)
    return {{.level = Level::fail,
             .subject = {},
             .reason = "the kernel has no seccomp filters",
             .mend = "boot a kernel with CONFIG_SECCOMP_FILTER"}};
  if (!actions) return {unknown(actions.error())};
  std::vector<std::string> missing;
  for (const std::string_view action : kNeededActions)
    if (!has_word(*actions, action)) missing.emplace_back(action);
  if (missing.empty()) {
    std::string all = *actions;
    all.erase(all.find_last_not_of(" \n") + 1);
    return {{.level = Level::ok, .subject = {}, .reason = "actions: " + all, .mend = {}}};
  }
  return {{.level = Level::warning,
           .subject = {},
           .reason = "the kernel lacks the actions " + joined(missing),
           .mend = "boot Linux 4.14 or newer"}};
}

Lines judge_apparmor(const Facts& facts) {
  const KernelFacts& kernel = facts.kernel;
  if (!kernel.apparmor_enabled) {
    const bool has_selinux = kernel.selinux.has_value();
    return {{.level = has_selinux ? Level::info : Level::warning,
             .subject = {},
             .reason = std::string("the kernel has none, or it is switched off") +
                       (has_selinux ? "; SELinux is there" : ": the rule apparmor does nothing here"),
             .mend = has_selinux ? "" : "boot a kernel with AppArmor, and with apparmor=1 security=apparmor"}};
  }
  Lines lines;
  if (kernel.apparmor_loaded) {
    lines.push_back({.level = Level::ok,
                     .subject = {},
                     .reason = "enabled, " + std::to_string(kernel.apparmor_loaded->size()) + " profiles are loaded",
                     .mend = {}});
  } else {
    Line line = unknown(kernel.apparmor_loaded.error());
    line.mend = "mount securityfs on /sys/kernel/security, and run doctor as root";
    lines.push_back(std::move(line));
  }
  if (!kernel.apparmor_parser)
    lines.push_back({.level = Level::warning,
                     .subject = {},
                     .reason = "apparmor_parser is not installed: profiles that are not compiled yet can't be loaded",
                     .mend = "install the package apparmor"});
  return lines;
}

Lines judge_selinux(const Facts& facts) {
  const auto& mode = facts.kernel.selinux;
  if (!mode) return {{.level = Level::info, .subject = {}, .reason = "not enabled on this host", .mend = {}}};
  if (*mode == "enforcing") return {{.level = Level::ok, .subject = {}, .reason = "enforcing", .mend = {}}};
  return {{.level = Level::warning,
           .subject = {},
           .reason = "it is " + *mode + ": labels of containers are kept, and nothing is denied",
           .mend = "setenforce 1, and SELINUX=enforcing in /etc/selinux/config"}};
}

Lines judge_cgroups(const Facts& facts) {
  if (!facts.kernel.cgroups) return {unknown(facts.kernel.cgroups.error())};
  const Cgroups& cgroups = *facts.kernel.cgroups;
  Lines lines;
  if (cgroups.v2) {
    lines.push_back({.level = Level::ok, .subject = {}, .reason = "version 2", .mend = {}});
  } else {
    lines.push_back({.level = Level::warning,
                     .subject = {},
                     .reason =
                         "version 1: limits hold, but swap and memory are counted apart, and systemd and runc are "
                         "giving it up",
                     .mend = "boot with systemd.unified_cgroup_hierarchy=1"});
  }
  std::vector<std::string> missing;
  for (const std::string_view controller : kNeededControllers)
    if (!cgroups.controllers.contains(std::string(controller))) missing.emplace_back(controller);
  if (missing.empty()) {
    lines.push_back({.level = Level::ok, .subject = "controllers", .reason = "memory, cpu and pids", .mend = {}});
  } else {
    lines.push_back({.level = Level::fail,
                     .subject = "controllers",
                     .reason = "no " + joined(missing) + ": containers cannot be limited, or do not start",
                     .mend = "boot a kernel that has them, and without cgroup_disable="});
  }
  if (!cgroups.swap_accounting)
    lines.push_back({.level = Level::warning,
                     .subject = "swap",
                     .reason = "is not counted: a container that reaches its memory limit goes on in swap",
                     .mend = "boot with swapaccount=1, or without swap"});
  if (!cgroups.cpu_quota)
    lines.push_back({.level = Level::warning,
                     .subject = "cpu",
                     .reason = "the kernel has no CPU quota: the rule cpu does nothing here",
                     .mend = "boot a kernel with CONFIG_CFS_BANDWIDTH"});
  return lines;
}

}  // namespace runward::ctl::doctor

// SPDX-License-Identifier: Apache-2.0
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <sstream>

#include "shim/base/file.h"
#include "shim/ctl/doctor/idmap.h"
#include "shim/ctl/doctor/probes.h"
#include "shim/ctl/doctor/spawn.h"
#include "shim/userns/idmap.h"

namespace runward::ctl::doctor {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{4} << 20U;
constexpr auto kAppArmorProfiles = "/sys/kernel/security/apparmor/profiles";

constexpr std::array kSysctls = {"user.max_user_namespaces", "kernel.unprivileged_userns_clone",
                                 "kernel.apparmor_restrict_unprivileged_userns"};

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<std::string> read_word(const std::string& path) {
  SHIM_TRY(std::string text, read_file(path, kMaxBytes));
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

std::map<std::string, std::string> read_sysctls() {
  std::map<std::string, std::string> found;
  for (const std::string name : kSysctls) {
    const std::size_t dot = name.find('.');
    const auto value = read_word("/proc/sys/" + name.substr(0, dot) + "/" + name.substr(dot + 1));
    if (value) found.emplace(name, *value);
  }
  return found;
}

void try_mounts(KernelFacts& kernel, const std::string& data_root, const policy::IdPool& pool) {
  const auto user_namespace = userns::make_user_namespace({.first = pool.first, .size = pool.size});
  kernel.user_namespace = user_namespace ? ok() : Status(user_namespace.error());
  const auto tried = [&](auto&& trial) { return user_namespace ? trial() : Status(user_namespace.error()); };
  // The engine's data may not be there yet: then what it will lie on.
  const std::string place = exists(data_root) ? data_root : "/var/lib";
  const auto filesystem = filesystem_of(place);
  kernel.idmapped.push_back({.filesystem = filesystem ? *filesystem : "unknown filesystem",
                             .place = place,
                             .result = tried([&] { return try_idmapped(user_namespace->fd, place); })});
  kernel.idmapped.push_back(
      {.filesystem = "tmpfs", .place = {}, .result = tried([&] { return try_idmapped_tmpfs(user_namespace->fd); })});
}

// "docker-default (enforce)"
Result<std::set<std::string>> loaded_profiles() {
  SHIM_TRY(const std::string text, read_file(kAppArmorProfiles, kMaxBytes));
  std::set<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) names.insert(line.substr(0, line.rfind(" (")));
  return names;
}

void probe_lsm(KernelFacts& kernel) {
  const auto enabled = read_word("/sys/module/apparmor/parameters/enabled");
  kernel.apparmor_enabled = enabled && *enabled == "Y";
  if (kernel.apparmor_enabled) kernel.apparmor_loaded = loaded_profiles();
  if (const auto parser = find_program("apparmor_parser")) kernel.apparmor_parser = *parser;
  const auto enforce = read_word("/sys/fs/selinux/enforce");
  if (enforce) kernel.selinux = *enforce == "1" ? "enforcing" : "permissive";
}

Result<Cgroups> probe_cgroups() {
  constexpr auto kRoot = "/sys/fs/cgroup/";
  struct statfs status {};
  Cgroups cgroups;
  cgroups.v2 = ::statfs(kRoot, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
  if (cgroups.v2) {
    SHIM_TRY(const std::string text, read_word(std::string(kRoot) + "cgroup.controllers"));
    std::istringstream words(text);
    for (std::string controller; words >> controller;) cgroups.controllers.insert(controller);
    return cgroups;
  }
  for (const auto* controller : {"memory", "cpu", "pids"})
    if (exists(std::string(kRoot) + controller + "/cgroup.procs")) cgroups.controllers.insert(controller);
  cgroups.swap_accounting = exists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes");
  cgroups.cpu_quota = exists("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  return cgroups;
}

Result<std::string> read_if_there(const std::string& path) {
  auto text = read_file(path, kMaxBytes);
  if (!text && text.error().code == std::errc::no_such_file_or_directory) return std::string();
  return text;
}

}  // namespace

KernelFacts probe_kernel(const std::string& data_root, const policy::IdPool& pool) {
  KernelFacts kernel;
  kernel.sysctls = read_sysctls();
  try_mounts(kernel, data_root, pool);
  kernel.seccomp_actions = read_file("/proc/sys/kernel/seccomp/actions_avail", kMaxBytes);
  probe_lsm(kernel);
  kernel.cgroups = probe_cgroups();
  return kernel;
}

// The files, not getpwent(3): a directory service may have any number of users, and doctor waits for none.
Result<std::vector<IdRange>> probe_ids() {
  struct Source {
    const char* file;
    std::vector<IdRange> (*parse)(std::string_view text, std::string_view file);
  };
  constexpr std::array kSources = {Source{"/etc/passwd", &parse_accounts}, Source{"/etc/group", &parse_accounts},
                                   Source{"/etc/subuid", &parse_subids}, Source{"/etc/subgid", &parse_subids}};
  std::vector<IdRange> all;
  for (const Source& source : kSources) {
    SHIM_TRY(const std::string text, read_if_there(source.file));
    for (IdRange& range : source.parse(text, source.file)) all.push_back(std::move(range));
  }
  return all;
}

}  // namespace runward::ctl::doctor

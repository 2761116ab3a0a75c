// SPDX-License-Identifier: Apache-2.0
#include "shim/host/probe.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <filesystem>

#include "apparmor/load.h"
#include "shim/base/file.h"
#include "shim/host/docker_files.h"
#include "shim/host/mount_sources.h"
#include "shim/host/rootfs_folders.h"
#include "shim/host/running.h"
#include "shim/policy/store.h"

namespace runward::host {
namespace {

using policy::Mode;
using policy::RuleId;

bool wanted(const policy::Policy& policy, RuleId rule) { return policy.rule(rule).mode != Mode::off; }

bool exists(const char* path) { return ::access(path, F_OK) == 0; }

// The root has no such file, only cgroups below it: the first that has a limit of memory tells.
bool has_swap_key() {
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/sys/fs/cgroup", error), end; !error && entry != end;
       entry.increment(error))
    if (exists((entry->path() / "memory.max").c_str())) return exists((entry->path() / "memory.swap.max").c_str());
  return false;
}

Status probe_memory(HostFacts& facts) {
  struct sysinfo info {};
  if (::sysinfo(&info) != 0) return errno_error("sysinfo", "memory");
  facts.memory_bytes = static_cast<std::uint64_t>(info.totalram) * info.mem_unit;
  facts.swap_accounting = facts.cgroup_v2 || exists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes");
  facts.swap_key = facts.cgroup_v2 && has_swap_key();
  return ok();
}

void probe_cpus(HostFacts& facts) {
  const long count = ::sysconf(_SC_NPROCESSORS_ONLN);
  facts.cpu_count = count > 0 ? static_cast<std::uint64_t>(count) : 1;
  facts.cpu_quota_supported = facts.cgroup_v2 || exists("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
}

bool is_cgroup_v2() {
  struct statfs status {};
  return ::statfs("/sys/fs/cgroup", &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

// Of a profile of runward's own, "loaded" says that its text is the wanted one too (apparmor/load.h).
Status probe_apparmor(HostFacts& facts, const policy::AppArmor& rule) {
  const apparmor::Places places = apparmor::host_places();
  facts.apparmor_enabled = apparmor::kernel_has_apparmor(places);
  if (!facts.apparmor_enabled || rule.profile.empty()) return ok();
  if (rule.source.empty()) {
    SHIM_TRY(const bool loaded, apparmor::is_loaded(places, rule.profile));
    if (loaded) facts.apparmor_loaded.insert(rule.profile);
    return ok();
  }
  SHIM_TRY(const std::string source, policy::load_apparmor(rule.source));
  SHIM_TRY(const apparmor::Readiness ready, apparmor::look(places, {.name = rule.profile, .source = source}));
  if (ready == apparmor::Readiness::loaded) facts.apparmor_loaded.insert(rule.profile);
  if (ready == apparmor::Readiness::loadable) facts.apparmor_loadable.insert(rule.profile);
  return ok();
}

// Against all of the host's: what a document calls a path's type need not be true.
NamespacePath look_at_namespace(const std::string& path) {
  constexpr std::array<const char*, 8> kOwn = {"/proc/self/ns/pid",  "/proc/self/ns/net", "/proc/self/ns/mnt",
                                               "/proc/self/ns/ipc",  "/proc/self/ns/uts", "/proc/self/ns/cgroup",
                                               "/proc/self/ns/user", "/proc/self/ns/time"};
  struct stat there {};
  // One that can't be looked at may be the host's.
  NamespacePath facts{.is_host = ::stat(path.c_str(), &there) != 0, .is_process = path.starts_with("/proc/")};
  facts.identity = {.device = there.st_dev, .inode = there.st_ino};
  for (const char* const name : kOwn) {
    struct stat own {};
    if (::stat(name, &own) == 0 && own.st_dev == there.st_dev && own.st_ino == there.st_ino) facts.is_host = true;
  }
  return facts;
}

bool joins_containers(const oci::Spec& spec) {
  const auto namespaces = spec.namespaces();
  return std::ranges::any_of(namespaces, [](const oci::Namespace& entry) { return !entry.path.empty(); });
}

void probe_namespaces(HostFacts& facts, const oci::Spec& spec, const ProbeInput& input) {
  for (const oci::Namespace& entry : spec.namespaces()) {
    if (!entry.path.empty()) facts.namespace_paths.emplace(entry.path, look_at_namespace(entry.path));
    if (entry.type == "time" && !facts.runtime_features && input.runtime_features)
      facts.runtime_features = input.runtime_features();
  }
}

struct RlimitName {
  std::string_view name;
  __rlimit_resource resource;
};
constexpr std::array kRlimits = {RlimitName{"RLIMIT_AS", RLIMIT_AS},
                                 RlimitName{"RLIMIT_CORE", RLIMIT_CORE},
                                 RlimitName{"RLIMIT_CPU", RLIMIT_CPU},
                                 RlimitName{"RLIMIT_DATA", RLIMIT_DATA},
                                 RlimitName{"RLIMIT_FSIZE", RLIMIT_FSIZE},
                                 RlimitName{"RLIMIT_LOCKS", RLIMIT_LOCKS},
                                 RlimitName{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
                                 RlimitName{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
                                 RlimitName{"RLIMIT_NICE", RLIMIT_NICE},
                                 RlimitName{"RLIMIT_NOFILE", RLIMIT_NOFILE},
                                 RlimitName{"RLIMIT_NPROC", RLIMIT_NPROC},
                                 RlimitName{"RLIMIT_RSS", RLIMIT_RSS},
                                 RlimitName{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
                                 RlimitName{"RLIMIT_RTTIME", RLIMIT_RTTIME},
                                 RlimitName{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
                                 RlimitName{"RLIMIT_STACK", RLIMIT_STACK}};

void probe_rlimits(HostFacts& facts) {
  for (const RlimitName& entry : kRlimits) {
    struct rlimit limit {};
    if (::getrlimit(entry.resource, &limit) != 0) continue;
    facts.rlimits.emplace(entry.name,
                          oci::Rlimit{.type = std::string(entry.name), .soft = limit.rlim_cur, .hard = limit.rlim_max});
  }
}

void probe_devices(HostFacts& facts, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || !(S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))) continue;
    facts.allowed_devices.push_back({.path = path,
                                     .type = S_ISCHR(status.st_mode) ? "c" : "b",
                                     .major = static_cast<std::int64_t>(major(status.st_rdev)),
                                     .minor = static_cast<std::int64_t>(minor(status.st_rdev))});
  }
}

// The host's own maps every id to itself. What can't be read counts as the host's.
bool is_in_user_namespace() {
  const auto text = read_file("/proc/self/uid_map", 4096);
  return text && text->find("4294967295") == std::string::npos;
}

HookPath look_at_hook(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  std::array<char, PATH_MAX> buffer{};
  if (!fd) return {};
  const ssize_t length =
      ::readlink(("/proc/self/fd/" + std::to_string(fd.get())).c_str(), buffer.data(), buffer.size());
  if (length <= 0 || buffer.front() != '/') return {};
  HookPath hook{.resolved = std::string(buffer.data(), static_cast<std::size_t>(length)), .only_root_writes = false};
  hook.only_root_writes = static_cast<bool>(check_only_root_writes(fd, hook.resolved));
  return hook;
}

std::string kernel_release() {
  utsname names{};
  return ::uname(&names) == 0 ? &names.release[0] : "";
}

}  // namespace

std::string engine_namespace_of(const std::string& runtime_root) {
  const std::size_t end = runtime_root.find_last_not_of('/');
  if (end == std::string::npos) return "";
  const std::string trimmed = runtime_root.substr(0, end + 1);
  return trimmed.substr(trimmed.rfind('/') + 1);
}

Result<HostFacts> probe(const oci::Spec& spec, const policy::Policy& policy, const ProbeInput& input) {
  HostFacts facts;
  facts.engine_namespace = engine_namespace_of(input.runtime_root);
  facts.kernel_release = kernel_release();
  facts.cgroup_v2 = is_cgroup_v2();
  if (wanted(policy, RuleId::memory)) SHIM_CHECK(probe_memory(facts));
  if (wanted(policy, RuleId::cpu)) probe_cpus(facts);
  if (wanted(policy, RuleId::apparmor)) SHIM_CHECK(probe_apparmor(facts, policy.apparmor));
  if (wanted(policy, RuleId::selinux)) facts.selinux_enabled = exists("/sys/fs/selinux/enforce");
  if (wanted(policy, RuleId::namespaces)) probe_namespaces(facts, spec, input);
  if (wanted(policy, RuleId::seccomp) && policy.seccomp.log_denials && !facts.runtime_features &&
      input.runtime_features)
    facts.runtime_features = input.runtime_features();
  if (wanted(policy, RuleId::devices)) probe_devices(facts, policy.devices.allowed);
  if (wanted(policy, RuleId::rlimits)) probe_rlimits(facts);
  if (wanted(policy, RuleId::rootfs) && policy.rootfs.mode == policy::RootfsMode::read_only)
    facts.rootfs_folders = probe_rootfs_folders(spec.root_path(), policy.rootfs.scratch);
  if (wanted(policy, RuleId::hooks))
    for (const oci::Hook& hook : spec.hooks()) facts.hooks.emplace(hook.path, look_at_hook(hook.path));
  if (wanted(policy, RuleId::mounts)) {
    const EngineFolders engine =
        engine_folders(spec.root_path(), input.runtime_root, input.container_id, input.build_root);
    SHIM_TRY(facts.mount_sources, probe_mount_sources(spec.mounts(), policy.mounts, engine, joins_containers(spec)));
    SHIM_TRY(facts.rootfs_contains, probe_rootfs(spec.root_path(), policy.mounts, engine));
  }
  if (wanted(policy, RuleId::user_namespace) && spec.has_namespace("user"))
    facts.in_user_namespace = is_in_user_namespace();
  if (wanted(policy, RuleId::image)) {
    SHIM_TRY(facts.container, read_docker_files(spec.root_path(), input.container_id));
  }
  return facts;
}

HostFacts probe_process(const std::string& runtime_root) {
  HostFacts facts;
  facts.engine_namespace = engine_namespace_of(runtime_root);
  facts.selinux_enabled = exists("/sys/fs/selinux/enforce");
  probe_rlimits(facts);
  return facts;
}

Result<HostFacts> probe_resources(const oci::LinuxResources& resources, const policy::Policy& policy,
                                  const std::string& runtime_root, std::optional<pid_t> pid) {
  HostFacts facts;
  facts.engine_namespace = engine_namespace_of(runtime_root);
  facts.cgroup_v2 = is_cgroup_v2();
  if (wanted(policy, RuleId::memory)) SHIM_CHECK(probe_memory(facts));
  if (!wanted(policy, RuleId::cpu)) return facts;
  probe_cpus(facts);
  const auto given = [&](const char* key) { return resources.integer("cpu", key).value_or(0) != 0; };
  if (given("quota") == given("period") || !pid) return facts;
  if (auto limits = read_limits(*pid)) facts.current = *std::move(limits);
  return facts;
}

}  // namespace runward::host

// SPDX-License-Identifier: Apache-2.0
#include "tests/property/access.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "seccomp/algebra.h"
#include "seccomp/compile.h"
#include "tests/property/corpus.h"

namespace runward::property {
namespace {

using oci::Value;
using Words = std::vector<std::string>;

const Value kNull = nullptr;

const Value& at(const Value& document, const char* pointer) {
  const oci::Pointer where(pointer);
  return document.contains(where) ? document.at(where) : kNull;
}

std::string text(const Value& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : "";
}

Words strings(const Value& list) { return list.is_array() ? list.get<Words>() : Words(); }

std::set<std::string> string_set(const Value& list) {
  const Words all = strings(list);
  return {all.begin(), all.end()};
}

std::set<std::string> capability_names(const Value& list) {
  std::set<std::string> names;
  for (std::string name : strings(list)) {
    for (char& letter : name) letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
    names.insert(name.starts_with("CAP_") ? name : "CAP_" + name);
  }
  return names;
}

template <typename T>
bool subset(const std::set<T>& small, const std::set<T>& large) {
  return std::ranges::includes(large, small);
}

// Mounts. runc reads options left to right and the last one wins; "rsuid" and its kin are applied recursively after the
// mount itself, by mount_setattr(2), so they win over the plain ones.
struct MountFlags {
  bool ro = false;
  bool nosuid = false;
  bool nodev = false;
  bool noexec = false;
  bool leaks = false;  // shared or slave
};

MountFlags flags_of(const Words& options) {
  MountFlags flags;
  MountFlags cleared;
  for (const std::string& option : options) {
    if (option == "ro" || option == "rro") flags.ro = true;
    if (option == "rw") flags.ro = false;
    if (option == "nosuid" || option == "rnosuid") flags.nosuid = true;
    if (option == "suid") flags.nosuid = false;
    if (option == "nodev" || option == "rnodev") flags.nodev = true;
    if (option == "dev") flags.nodev = false;
    if (option == "noexec" || option == "rnoexec") flags.noexec = true;
    if (option == "exec") flags.noexec = false;
    if (option == "rrw") cleared.ro = true;
    if (option == "rsuid") cleared.nosuid = true;
    if (option == "rdev") cleared.nodev = true;
    if (option == "rexec") cleared.noexec = true;
    if (option == "shared" || option == "rshared" || option == "slave" || option == "rslave") flags.leaks = true;
  }
  flags.ro = flags.ro && !cleared.ro;
  flags.nosuid = flags.nosuid && !cleared.nosuid;
  flags.nodev = flags.nodev && !cleared.nodev;
  flags.noexec = flags.noexec && !cleared.noexec;
  return flags;
}

bool same_place(const Value& a, const Value& b) {
  return text(a, "destination") == text(b, "destination") && text(a, "type") == text(b, "type") &&
         text(a, "source") == text(b, "source");
}

// What was at `source` by the copy that the facts say was staged.
bool is_staged_copy(const Value& was, const Value& is) {
  return text(was, "destination") == text(is, "destination") && text(was, "type") == text(is, "type") &&
         text(is, "source").starts_with(std::string(kStaged) + "/m/");
}

bool is_scratch(const Value& mount, const policy::Policy& policy) {
  const MountFlags flags = flags_of(mount.contains("options") ? strings(mount["options"]) : Words());
  return std::ranges::any_of(policy.rootfs.scratch, [&](const policy::Scratch& scratch) {
    return text(mount, "type") == "tmpfs" && text(mount, "destination") == scratch.path && flags.nosuid &&
           flags.nodev && (flags.noexec || scratch.exec);
  });
}

// Each mount of `before` must still be there, in this order and no weaker; between them scratch mounts only.
void judge_mounts(Words& problems, const Value& before, const Value& after, const policy::Policy& policy) {
  const Value old_mounts = at(before, "/mounts").is_array() ? at(before, "/mounts") : Value::array();
  const Value new_mounts = at(after, "/mounts").is_array() ? at(after, "/mounts") : Value::array();
  std::size_t next = 0;
  for (const Value& mount : new_mounts) {
    if (next >= old_mounts.size() ||
        !(same_place(mount, old_mounts[next]) || is_staged_copy(old_mounts[next], mount))) {
      if (!is_scratch(mount, policy)) problems.push_back("mount added: " + mount.dump());
      continue;
    }
    const MountFlags was =
        flags_of(old_mounts[next].contains("options") ? strings(old_mounts[next]["options"]) : Words());
    const MountFlags is = flags_of(mount.contains("options") ? strings(mount["options"]) : Words());
    if ((was.ro && !is.ro) || (was.nosuid && !is.nosuid) || (was.nodev && !is.nodev) || (was.noexec && !is.noexec) ||
        (!was.leaks && is.leaks))
      problems.push_back("mount weaker: " + mount.dump());
    ++next;
  }
  if (next != old_mounts.size()) problems.push_back("mount lost or moved");
  const std::string was = text(at(before, "/linux"), "rootfsPropagation");
  const std::string is = text(at(after, "/linux"), "rootfsPropagation");
  if (was != is && is != "rprivate" && is != "private") problems.push_back("rootfsPropagation " + is);
}

// The device cgroup as runc's emulator and cgroup v1 run it: a rule of type 'a' resets to its verdict, others are
// exceptions from it.
class DeviceCgroup {
 public:
  explicit DeviceCgroup(const Value& rules) {
    if (!rules.is_array()) return;
    for (const Value& rule : rules) add(rule);
  }
  [[nodiscard]] bool lets(const std::string& type, std::int64_t major, std::int64_t minor, char access) const {
    bool allowed = open_;
    for (const Exception& exception : exceptions_)
      if (exception.type == type && (exception.major < 0 || exception.major == major) &&
          (exception.minor < 0 || exception.minor == minor) && exception.access.find(access) != std::string::npos)
        allowed = exception.allow;
    return allowed;
  }

 private:
  struct Exception {
    bool allow;
    std::string type;
    std::int64_t major;
    std::int64_t minor;
    std::string access;
  };
  static std::int64_t number(const Value& rule, const char* key) {
    return rule.contains(key) && rule[key].is_number() ? rule[key].get<std::int64_t>() : -1;
  }
  void add(const Value& rule) {
    const bool allow = rule.contains("allow") && rule["allow"].is_boolean() && rule["allow"].get<bool>();
    const std::string type = text(rule, "type");
    if (type.empty() || type == "a") {
      open_ = allow;
      exceptions_.clear();
      return;
    }
    exceptions_.push_back({allow, type, number(rule, "major"), number(rule, "minor"), text(rule, "access")});
  }

  bool open_ = true;  // without a first word the parent cgroup's holds, which lets everything through
  std::vector<Exception> exceptions_;
};

// config-linux.md, Default Devices: the runtime gives these to everybody, whatever the list says.
bool is_default_device(const std::string& type, std::int64_t major, std::int64_t minor) {
  if (type != "c") return false;
  if (major == 1) return minor == 3 || minor == 5 || minor == 7 || minor == 8 || minor == 9;
  return (major == 5 && minor >= 0 && minor <= 2) || major == 136;
}

void judge_devices(Words& problems, const Value& before, const Value& after) {
  const DeviceCgroup was(at(before, "/linux/resources/devices"));
  const DeviceCgroup is(at(after, "/linux/resources/devices"));
  constexpr std::array<std::int64_t, 8> kMajors = {0, 1, 5, 8, 10, 136, 229, 1000};
  constexpr std::array<std::int64_t, 7> kMinors = {0, 1, 3, 5, 200, 229, 1000};
  for (const std::string type : {"b", "c", "u", "p"})
    for (const std::int64_t major : kMajors)
      for (const std::int64_t minor : kMinors)
        for (const char access : {'r', 'w', 'm'})
          if (is.lets(type, major, minor, access) && !was.lets(type, major, minor, access) &&
              !is_default_device(type, major, minor))
            problems.push_back("device access " + type + " " + std::to_string(major) + ":" + std::to_string(minor) +
                               " " + access);
  const Value& nodes = at(after, "/linux/devices");
  const Value& old_nodes = at(before, "/linux/devices");
  if (nodes.is_array())
    for (const Value& node : nodes)
      if (!old_nodes.is_array() || std::ranges::find(old_nodes, node) == old_nodes.end())
        problems.push_back("device node " + node.dump());
}

void judge_process(Words& problems, const Value& before, const Value& after, const policy::Policy& policy) {
  for (const char* set : {"bounding", "effective", "permitted", "inheritable", "ambient"}) {
    const std::string pointer = std::string("/process/capabilities/") + set;
    if (!subset(capability_names(at(after, pointer.c_str())), capability_names(at(before, pointer.c_str()))))
      problems.push_back(std::string("capabilities in ") + set);
  }
  if (at(before, "/process/noNewPrivileges") == true && at(after, "/process/noNewPrivileges") != true)
    problems.push_back("no_new_privs cleared");
  const Value& old_apparmor = at(before, "/process/apparmorProfile");
  const Value& new_apparmor = at(after, "/process/apparmorProfile");
  const bool apparmor_kept = old_apparmor == new_apparmor || new_apparmor == policy.apparmor.profile ||
                             (old_apparmor == "unconfined" && new_apparmor.is_null());
  if (!apparmor_kept) problems.push_back("apparmor " + new_apparmor.dump());
  for (const char* same :
       {"/process/selinuxLabel", "/process/args", "/process/env", "/process/cwd", "/process/user/uid"})
    if (at(before, same) != at(after, same)) problems.push_back(std::string(same) + " changed");

  const auto adj = [](const Value& document) {
    const Value& value = at(document, "/process/oomScoreAdj");
    return value.is_number_integer() ? value.get<std::int64_t>() : -1000;
  };
  if (adj(after) < adj(before)) problems.push_back("oom_score_adj lowered");
}

std::set<std::uint64_t> groups(const Value& document) {
  std::set<std::uint64_t> all;
  const Value& gid = at(document, "/process/user/gid");
  all.insert(gid.is_number_unsigned() ? gid.get<std::uint64_t>() : 0);
  const Value& more = at(document, "/process/user/additionalGids");
  if (more.is_array())
    for (const Value& group : more) all.insert(group.get<std::uint64_t>());
  return all;
}

void judge_groups(Words& problems, const Value& before, const Value& after, const policy::Policy& policy) {
  const Value& uid_value = at(before, "/process/user/uid");
  const std::uint64_t uid = uid_value.is_number_unsigned() ? uid_value.get<std::uint64_t>() : 0;
  const auto old_groups = groups(before);
  for (const std::uint64_t group : groups(after)) {
    if (old_groups.contains(group)) continue;
    const bool listed = group <= UINT32_MAX && policy.user.dropped_gids.contains(static_cast<std::uint32_t>(group));
    constexpr std::uint64_t kNogroup = 65534;  // what is left when the user's own number is listed
    if (group != kNogroup && (group != uid || listed)) problems.push_back("group " + std::to_string(group));
  }
}

// Of one kind: nothing (the host's), or where it comes from ("" is a new one).
std::optional<std::string> namespace_of(const Value& document, const std::string& type) {
  const Value& list = at(document, "/linux/namespaces");
  if (!list.is_array()) return std::nullopt;
  std::optional<std::string> found;
  for (const Value& entry : list)
    if (text(entry, "type") == type && (!found || found->empty())) found = text(entry, "path");
  return found;
}

// A new user namespace is less only where none of its ids is the host's own.
bool gives_own_ids(const Value& document) {
  for (const char* const list : {"/linux/uidMappings", "/linux/gidMappings"})
    if (at(document, list) != Value::array({{{"containerID", 0}, {"hostID", 2'000'000}, {"size", 65536}}}))
      return false;
  return true;
}

// Another process's by the file that the facts say holds it open (of one path, whatever types it stands for).
bool is_held(const std::optional<std::string>& was, const std::optional<std::string>& is) {
  return was && was->starts_with("/proc/") && is && is->starts_with(std::string(kStaged) + "/n/");
}

void judge_namespaces(Words& problems, const Value& before, const Value& after) {
  for (const std::string type : {"pid", "network", "mount", "ipc", "uts", "user", "cgroup"}) {
    const auto was = namespace_of(before, type);
    const auto is = namespace_of(after, type);
    const bool fresh = is && is->empty();
    if (was == is || is_held(was, is) || (fresh && type != "user") || (fresh && was)) continue;
    if (fresh && gives_own_ids(after)) continue;
    problems.push_back(type + " namespace");
  }
}

bool confined(const Value& seccomp) {
  const std::string action = text(seccomp, "defaultAction");
  return action == "SCMP_ACT_ERRNO" || action == "SCMP_ACT_TRAP" || action.starts_with("SCMP_ACT_KILL");
}

// By the library's own subset test, which tests/unit/seccomp/laws_test.cc holds against a judge of its own.
bool lets_more_through(const Value& is, const seccomp::Profile& allowed) {
  const auto profile = seccomp::parse_profile(is, "after");
  return !profile || seccomp::find_excess(*profile, allowed);
}

seccomp::Profile baseline_for(const Value& document, const seccomp::Template& baseline) {
  seccomp::Environment environment{.capabilities = {}, .architecture = seccomp::native_architecture(), .kernel = {}};
  for (const std::string& name : string_set(at(document, "/process/capabilities/bounding")))
    environment.capabilities.insert(name);
  return baseline.resolve(environment);
}

// None is the machine's own alone: runtimes add it to every filter.
std::set<std::string> architectures_of(const Value& filter) {
  auto all = string_set(at(filter, "/architectures"));
  all.insert(seccomp::native_architecture());
  return all;
}

void judge_seccomp(Words& problems, const Value& before, const Value& after, const seccomp::Template& baseline) {
  const Value& was = at(before, "/linux/seccomp");
  const Value& is = at(after, "/linux/seccomp");
  if (was == is) return;
  if (!is.is_object()) return problems.push_back("seccomp filter taken away");
  if (lets_more_through(is, baseline_for(after, baseline)))
    problems.push_back("seccomp filter lets through what the baseline does not");
  if (!confined(was)) return;
  const auto old = seccomp::parse_profile(was, "before");
  if (!old || lets_more_through(is, *old)) problems.push_back("seccomp filter lets more through");
  auto new_flags = string_set(at(is, "/flags"));
  new_flags.insert("SECCOMP_FILTER_FLAG_SPEC_ALLOW");
  if (!subset(string_set(at(was, "/flags")), new_flags)) problems.push_back("seccomp flags");
  if (!subset(architectures_of(is), architectures_of(was))) problems.push_back("seccomp filter for more architectures");
}

// A limit: nothing is none at all.
std::optional<std::int64_t> limit(const Value& document, const char* pointer) {
  const Value& value = at(document, pointer);
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
  const auto number = value.get<std::int64_t>();
  return number > 0 ? std::optional(number) : std::nullopt;
}

bool more(std::optional<std::int64_t> is, std::optional<std::int64_t> was) { return was && (!is || *is > *was); }

__extension__ using Wide = __int128;

struct CpuShare {
  Wide quota;
  Wide period;
};

// The kernel refuses periods beyond a second, and periods and quotas below a millisecond: asking for one gives nothing,
// so it counts as its nearest neighbour.
std::optional<CpuShare> cpu_share(const Value& document) {
  constexpr std::int64_t kPeriod = 100'000;
  constexpr std::int64_t kShortest = 1'000;
  constexpr std::int64_t kLongest = 1'000'000;
  const auto quota = limit(document, "/linux/resources/cpu/quota");
  if (!quota) return std::nullopt;
  const std::int64_t period = limit(document, "/linux/resources/cpu/period").value_or(kPeriod);
  return CpuShare{.quota = std::max(*quota, kShortest), .period = std::clamp(period, kShortest, kLongest)};
}

bool more_cpu(const Value& before, const Value& after) {
  const auto was = cpu_share(before);
  const auto is = cpu_share(after);
  return was && (!is || is->quota * was->period > was->quota * is->period);
}

void judge_limits(Words& problems, const Value& before, const Value& after) {
  for (const char* pointer : {"/linux/resources/memory/limit", "/linux/resources/pids/limit"})
    if (more(limit(after, pointer), limit(before, pointer))) problems.push_back(std::string("more of ") + pointer);
  // Swap counts memory too; less than the memory limit is no swap, and refused by the kernel.
  const auto old_limit = limit(before, "/linux/resources/memory/limit");
  auto old_swap = limit(before, "/linux/resources/memory/swap");
  if (old_swap && old_limit) old_swap = std::max(*old_swap, *old_limit);
  const auto new_swap = limit(after, "/linux/resources/memory/swap");
  const bool swap_is_memory = new_swap && new_swap == limit(after, "/linux/resources/memory/limit");
  if (old_limit && more(new_swap, old_swap) && !swap_is_memory) problems.push_back("more swap");
  if (more_cpu(before, after)) problems.push_back("more cpu");
}

void judge_rlimits(Words& problems, const Value& before, const Value& after, const policy::Policy& policy) {
  const Value old_limits = at(before, "/process/rlimits").is_array() ? at(before, "/process/rlimits") : Value::array();
  const Value new_limits = at(after, "/process/rlimits").is_array() ? at(after, "/process/rlimits") : Value::array();
  const auto number = [](const Value& entry, const char* key) {
    return entry.contains(key) && entry[key].is_number_unsigned() ? entry[key].get<std::uint64_t>() : 0;
  };
  if (new_limits.size() < old_limits.size()) problems.push_back("rlimit lost");
  for (std::size_t i = 0; i < new_limits.size(); ++i) {
    const Value& is = new_limits[i];
    if (i < old_limits.size()) {
      const Value& was = old_limits[i];
      if (text(is, "type") != text(was, "type") || number(is, "hard") > number(was, "hard") ||
          number(is, "soft") > number(was, "soft"))
        problems.push_back("rlimit " + is.dump());
      continue;
    }
    const auto named = policy.rlimits.find(text(is, "type"));
    if (named == policy.rlimits.end() || number(is, "hard") > named->second.hard ||
        number(is, "soft") > named->second.soft)
      problems.push_back("rlimit added " + is.dump());
  }
}

// Of the groups that may ping, those stay that the container has.
bool ends_at_own_last_group(const Value& after, const std::string& key, const Value& value) {
  return key == "net.ipv4.ping_group_range" && gives_own_ids(after) && value.is_string() &&
         value.get_ref<const std::string&>().ends_with(" 65535");
}

// Nobody has less than no swap.
bool forbids_swap(const std::string& key, const Value& value) { return key == "memory.swap.max" && value == "0"; }

// Maps of which entries may go, but never come or change.
void judge_maps(Words& problems, const Value& before, const Value& after) {
  for (const char* pointer : {"/annotations", "/linux/sysctl", "/linux/resources/unified"}) {
    const Value& is = at(after, pointer);
    if (!is.is_object()) continue;
    const Value& was = at(before, pointer);
    for (const auto& [key, value] : is.items())
      if (!forbids_swap(key, value) &&
          (!was.is_object() || !was.contains(key) || (was[key] != value && !ends_at_own_last_group(after, key, value))))
        problems.push_back(std::string(pointer) + " " + key);
  }
}

void judge_hooks(Words& problems, const Value& before, const Value& after) {
  const Value& is = at(after, "/hooks");
  const Value& was = at(before, "/hooks");
  if (!is.is_object()) return;
  for (const auto& [kind, hooks] : is.items()) {
    if (!hooks.is_array()) continue;
    for (const Value& hook : hooks)
      if (!was.is_object() || !was.contains(kind) || std::ranges::find(was[kind], hook) == was[kind].end())
        problems.push_back("hook " + hook.dump());
  }
}

void judge_paths(Words& problems, const Value& before, const Value& after) {
  for (const char* pointer : {"/linux/maskedPaths", "/linux/readonlyPaths"})
    if (!subset(string_set(at(before, pointer)), string_set(at(after, pointer))))
      problems.push_back(std::string(pointer) + " shorter");
  if (at(before, "/root/readonly") == true && at(after, "/root/readonly") != true) problems.push_back("writable root");
  const bool has_own_ids = gives_own_ids(after) && !namespace_of(before, "user");
  for (const char* same : {"/linux/cgroupsPath", "/root/path", "/linux/uidMappings", "/linux/gidMappings"}) {
    const bool may_change = has_own_ids && std::string_view(same) != "/linux/cgroupsPath";
    if (at(before, same) != at(after, same) && !may_change) problems.push_back(std::string(same) + " changed");
  }
  if (has_own_ids && at(after, "/root/path") != std::string(kStaged) + "/rootfs") problems.push_back("root.path");
}

}  // namespace

std::vector<std::string> widened(const Value& before, const Value& after, const policy::Policy& policy,
                                 const seccomp::Template& seccomp_baseline) {
  Words problems;
  judge_process(problems, before, after, policy);
  judge_groups(problems, before, after, policy);
  judge_mounts(problems, before, after, policy);
  judge_devices(problems, before, after);
  judge_namespaces(problems, before, after);
  judge_seccomp(problems, before, after, seccomp_baseline);
  judge_limits(problems, before, after);
  judge_rlimits(problems, before, after, policy);
  judge_maps(problems, before, after);
  judge_hooks(problems, before, after);
  judge_paths(problems, before, after);
  return problems;
}

}  // namespace runward::property

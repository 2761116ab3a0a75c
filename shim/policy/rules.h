// SPDX-License-Identifier: Apache-2.0
#pragma once

// The rules by name: what stands in a policy, in messages, in events and in `runwardctl rules`.
//
// To add a rule: 1. a row in RuleId and in kRules, at the same place; 2. its settings in policy.h and their parser in
// profile_parser.cc; 3. a step in harden/steps/ and a row in harden/pipeline.cc; 4. the schema and the shipped
// profiles.

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace runward::policy {

enum class RuleId {
  spec_sane,
  runtime_flags,
  restore,
  image,
  privileged,
  namespaces,
  user_namespace,
  user,
  no_new_privileges,
  capabilities,
  seccomp,
  apparmor,
  selinux,
  rootfs,
  mounts,
  masked_paths,
  devices,
  memory,
  cpu,
  pids,
  unified,
  rlimits,
  oom_score,
  sysctl,
  cgroup_path,
  hooks,
  annotations,
  environment_secrets,
};

struct Rule {
  RuleId id;
  std::string_view name;
  std::string_view summary;
};

inline constexpr std::array kRules = {
    Rule{RuleId::spec_sane, "spec-sane", "refuse documents that two readers could understand differently"},
    Rule{RuleId::runtime_flags, "runtime-flags",
         "refuse the runtime's own loosening flags (--no-pivot, --no-new-keyring)"},
    Rule{RuleId::restore, "restore", "refuse to restore checkpoints, and to make them"},
    Rule{RuleId::image, "image", "run only listed images"},
    Rule{RuleId::privileged, "privileged", "recognise privileged mode by its signs and refuse it"},
    Rule{RuleId::namespaces, "namespaces", "own namespaces for every container, none of the host's"},
    Rule{RuleId::user_namespace, "user-namespace", "an own range of host ids for every container"},
    Rule{RuleId::user, "user", "refuse uid 0, drop gid 0 and listed groups"},
    Rule{RuleId::no_new_privileges, "no-new-privileges", "set no_new_privs"},
    Rule{RuleId::capabilities, "capabilities", "keep only the allowed capabilities, none ambient or inheritable"},
    Rule{RuleId::seccomp, "seccomp", "only system calls that the profile's seccomp baseline lets through"},
    Rule{RuleId::apparmor, "apparmor", "set the AppArmor profile"},
    Rule{RuleId::selinux, "selinux", "keep the engine's SELinux label"},
    Rule{RuleId::rootfs, "rootfs", "read-only root filesystem with scratch paths on tmpfs"},
    Rule{RuleId::mounts, "mounts", "refuse engine sockets and host system paths; nosuid, nodev, private propagation"},
    Rule{RuleId::masked_paths, "masked-paths", "mask and make read-only what leaks or controls the host"},
    Rule{RuleId::devices, "devices", "only listed devices, no wildcard, no mknod"},
    Rule{RuleId::memory, "memory", "limit memory and swap"},
    Rule{RuleId::cpu, "cpu", "limit CPU time"},
    Rule{RuleId::pids, "pids", "limit the number of processes"},
    Rule{RuleId::unified, "unified", "only listed cgroup v2 keys"},
    Rule{RuleId::rlimits, "rlimits", "set and clamp resource limits"},
    Rule{RuleId::oom_score, "oom-score", "no oom_score_adj below 0"},
    Rule{RuleId::sysctl, "sysctl", "only listed, namespaced kernel parameters"},
    Rule{RuleId::cgroup_path, "cgroup-path", "only the engine's or listed cgroup parents"},
    Rule{RuleId::hooks, "hooks", "only the engine's own and listed hooks"},
    Rule{RuleId::annotations, "annotations", "strip annotations that control a runtime"},
    Rule{RuleId::environment_secrets, "environment-secrets", "find credentials in environment and arguments"},
};

constexpr std::size_t index_of(RuleId id) { return static_cast<std::size_t>(id); }
constexpr std::string_view name_of(RuleId id) { return kRules[index_of(id)].name; }

constexpr std::optional<RuleId> parse_rule_name(std::string_view name) {
  for (const Rule& rule : kRules)
    if (rule.name == name) return rule.id;
  return std::nullopt;
}

static_assert(
    [] {
      for (std::size_t i = 0; i < kRules.size(); ++i)
        if (index_of(kRules[i].id) != i) return false;
      return true;
    }(),
    "kRules stands in the order of RuleId");

}  // namespace runward::policy

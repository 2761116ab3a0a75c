// SPDX-License-Identifier: Apache-2.0
#pragma once

// Policy: what one container may be, as a plain value. Resolved from a hardening profile (with its parents), the host's
// ceilings and the host's mode; after that nobody reads a file any more.
//
//   SHIM_TRY(const Policy policy, resolve_profile("default", config, store));   // store.h
//
// All sizes are bytes; CPUs are in thousandths of one CPU.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "shim/oci/capability.h"
#include "shim/policy/rules.h"

namespace runward::policy {

enum class Mode { enforce, audit, off };
enum class OnExcess { refuse, strip };

struct RuleSetting {
  Mode mode = Mode::enforce;
  OnExcess on_excess = OnExcess::refuse;  // for what only a user can have asked for
  bool operator==(const RuleSetting&) const = default;
};

// A limit: absolute, a share of the host, or the smaller of both. In JSON "4GiB", "25%", or ["25%", "4GiB"].
struct Amount {
  std::optional<std::uint64_t> absolute;  // bytes, thousandths of a CPU, or processes
  std::optional<unsigned> percent;        // of the host's
  bool operator==(const Amount&) const = default;
};

struct Limit {
  std::optional<Amount> when_unset;  // given when the document asks for none
  std::optional<Amount> ceiling;     // what is more is clamped to it; "unlimited" and "unset" are more than any ceiling
  bool operator==(const Limit&) const = default;
};

struct Namespaces {
  std::set<std::string> host_allowed;  // namespace types that may be the host's
  bool join_containers = true;         // --network|--pid|--ipc container:X
  bool operator==(const Namespaces&) const = default;
};

enum class UserNamespaceUse {
  automatic,  // where the host can
  require,    // refused where it can't
  off,
};

// What becomes of a bind mount whose filesystem can't be idmapped: the container would see its files as owned by
// nobody.
enum class Unmappable {
  refuse,
  unmapped,  // mounted as it is
  copy,      // small files and folders are copied, others refused
};

struct UserNamespaces {
  UserNamespaceUse use = UserNamespaceUse::automatic;
  Unmappable unmappable = Unmappable::refuse;
  bool operator==(const UserNamespaces&) const = default;
};

struct User {
  bool root_allowed = true;
  bool root_group_allowed = true;        // false: another user than root gets its own number in place of group 0
  std::set<std::uint32_t> dropped_gids;  // from additionalGids; all but 0 as primary group too
  bool operator==(const User&) const = default;
};

struct Capabilities {
  oci::CapabilitySet allowed;     // kept when the document has them
  oci::CapabilitySet on_request;  // kept when they were asked for by name, not with the engine's default set
  oci::CapabilitySet ambient;     // may be ambient and inheritable
  bool operator==(const Capabilities&) const = default;
};

struct Seccomp {
  std::string baseline;      // absolute path of the OCI-form filter, or "builtin:<profile>"
  bool log_denials = false;  // the kernel logs what the filter refuses, where the low-level runtime can ask it to
  bool operator==(const Seccomp&) const = default;
};

struct AppArmor {
  std::string profile;
  bool required = false;  // false: only where the host has it or can load it
  // What is loaded under that name where the kernel lacks it: the absolute path of its text, or "builtin:<profile>";
  // empty: it is somebody else's to load. Set by load_policy (store.h).
  std::string source;
  bool operator==(const AppArmor&) const = default;
};

enum class RootfsMode {
  read_only,
  ephemeral,  // writable, and gone with the container
  writable,
};

struct Scratch {
  std::string path;
  std::uint64_t size = 0;  // bytes
  bool exec = false;
  bool if_exists = false;  // only where the image has the directory: else the mount point would appear in its layer
  bool operator==(const Scratch&) const = default;
};

struct Rootfs {
  RootfsMode mode = RootfsMode::read_only;
  std::uint64_t ephemeral_size = std::uint64_t{1} << 30U;  // bytes
  std::vector<Scratch> scratch;
  bool operator==(const Rootfs&) const = default;
};

struct Mounts {
  std::vector<std::string> denied_sources;   // refused, what lies below or above them too, by identity
  std::vector<std::string> allowed_sources;  // exempt from denied_sources, but then read-only; with only_allowed:
                                             // nothing else besides named volumes
  bool only_allowed = false;                 // besides named volumes
  std::set<std::string> types;               // filesystem types besides binds
  bool noexec = false;                       // force noexec on binds and volumes
  bool tmpfs_exec = false;                   // --tmpfs …:exec
  bool operator==(const Mounts&) const = default;
};

struct MaskedPaths {
  std::vector<std::string> masked;     // added to what the engine masks
  std::vector<std::string> read_only;  // added to what the engine makes read-only
  bool operator==(const MaskedPaths&) const = default;
};

struct Devices {
  std::vector<std::string> allowed;  // "/dev/fuse": device nodes that may be asked for by path in the container
  bool operator==(const Devices&) const = default;
};

struct Rlimit {
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
  bool operator==(const Rlimit&) const = default;
};

struct Image {
  std::vector<std::string> allowed;  // "sha256:…" or a repository, "docker.io/library/nginx"; a trailing * is a prefix
  bool operator==(const Image&) const = default;
};

struct Policy {
  std::string profile;             // its name, as in messages
  std::string hash;                // sha-less fingerprint (FNV-1a, hex) of all files it came from: for events
  Mode host_mode = Mode::enforce;  // config.json's; `rules` are as it makes them
  std::array<RuleSetting, kRules.size()> rules{};

  Namespaces namespaces;
  UserNamespaces user_namespaces;
  User user;
  Capabilities capabilities;
  Seccomp seccomp;
  AppArmor apparmor;
  Rootfs rootfs;
  Mounts mounts;
  MaskedPaths masked_paths;
  Devices devices;
  Limit memory;
  Limit cpu;
  Limit pids;
  std::set<std::string> unified_keys;
  std::map<std::string, Rlimit> rlimits;  // "RLIMIT_CORE" → what is set when absent, and the most that may be asked for
  std::int64_t oom_score_min = 0;
  std::vector<std::string> sysctls;              // a trailing * is a prefix
  std::vector<std::string> cgroup_parents;       // a trailing * is a prefix
  std::vector<std::string> hook_paths;           // besides the engine's own binary
  std::vector<std::string> annotations_denied;   // a trailing * is a prefix
  std::vector<std::string> annotations_allowed;  // exempt from it
  Image image;

  [[nodiscard]] const RuleSetting& rule(RuleId id) const { return rules[index_of(id)]; }
  [[nodiscard]] RuleSetting& rule(RuleId id) { return rules[index_of(id)]; }
  bool operator==(const Policy&) const = default;
};

// "net.*" matches "net.ipv4.ip_forward"; without a star the whole text must be equal.
bool matches(const std::string& pattern, const std::string& text);
bool matches_any(const std::vector<std::string>& patterns, const std::string& text);

}  // namespace runward::policy

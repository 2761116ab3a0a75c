// SPDX-License-Identifier: Apache-2.0
#pragma once

// Typed, read-only views of a document that passed check_shape: Spec (config.json), Process (what `exec` gets too) and
// LinuxResources (what `update` gets too). They hold a reference to the tree; what they return are values.
//
//   const Spec spec(document);
//   for (const Mount& mount : spec.mounts()) …
//
// Pointers in verdicts are relative to the view: a Process says "/capabilities/bounding" wherever it came from.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shim/oci/capability.h"
#include "shim/oci/value.h"

namespace runward::oci {

inline constexpr std::array<std::string_view, 5> kCapabilitySets = {"bounding", "effective", "permitted", "inheritable",
                                                                    "ambient"};

using Strings = std::vector<std::string>;

struct Rlimit {
  std::string type;
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

class Process {
 public:
  explicit Process(const Value& value) : value_(&value) {}

  [[nodiscard]] std::uint64_t uid() const;
  [[nodiscard]] std::uint64_t gid() const;
  [[nodiscard]] std::vector<std::uint64_t> additional_gids() const;
  [[nodiscard]] Strings args() const;
  [[nodiscard]] Strings env() const;
  [[nodiscard]] std::string cwd() const;
  [[nodiscard]] bool no_new_privileges() const;
  [[nodiscard]] std::optional<std::string> apparmor_profile() const;
  [[nodiscard]] std::optional<std::string> selinux_label() const;
  [[nodiscard]] std::optional<std::int64_t> oom_score_adj() const;
  [[nodiscard]] std::vector<Rlimit> rlimits() const;
  // As written; nothing when the set is absent.
  [[nodiscard]] std::optional<Strings> capabilities(std::string_view set) const;
  // What a set names and this build knows.
  [[nodiscard]] CapabilitySet capability_set(std::string_view set) const;
  // All that any of the five sets names.
  [[nodiscard]] CapabilitySet all_capabilities() const;

  [[nodiscard]] const Value& value() const { return *value_; }

 private:
  const Value* value_;
};

// A rule of the device cgroup; type 'a' and major or minor −1 are wildcards.
struct DeviceRule {
  bool allow = false;
  std::string type = "a";
  std::int64_t major = -1;
  std::int64_t minor = -1;
  std::string access;
};

class LinuxResources {
 public:
  explicit LinuxResources(const Value& value) : value_(&value) {}

  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view group, std::string_view key) const;
  [[nodiscard]] std::vector<DeviceRule> devices() const;
  [[nodiscard]] Strings unified_keys() const;

  [[nodiscard]] const Value& value() const { return *value_; }

 private:
  const Value* value_;
};

struct Mount {
  std::string destination;
  std::string type;
  std::string source;
  Strings options;

  [[nodiscard]] bool has(std::string_view option) const;
  [[nodiscard]] bool is_bind() const { return type == "bind" || has("bind") || has("rbind"); }
};

struct Namespace {
  std::string type;
  std::string path;  // empty: a new one
};

struct Device {
  std::string path;
  std::string type;
  std::int64_t major = -1;
  std::int64_t minor = -1;
};

struct Hook {
  Pointer where;
  std::string path;
  std::string first_argument;  // args[0], which names the program's job where it is called by /proc/<pid>/exe
};

class Spec {
 public:
  explicit Spec(const Value& value) : value_(&value) {}

  [[nodiscard]] std::string oci_version() const;
  [[nodiscard]] std::string root_path() const;
  [[nodiscard]] bool root_readonly() const;
  [[nodiscard]] bool has_process() const;
  [[nodiscard]] Process process() const;           // an empty one when absent
  [[nodiscard]] LinuxResources resources() const;  // an empty one when absent
  [[nodiscard]] std::vector<Mount> mounts() const;
  [[nodiscard]] std::vector<Namespace> namespaces() const;
  [[nodiscard]] bool has_namespace(std::string_view type) const;
  [[nodiscard]] std::vector<Device> devices() const;
  [[nodiscard]] std::vector<Hook> hooks() const;
  [[nodiscard]] std::map<std::string, std::string> annotations() const;
  [[nodiscard]] std::map<std::string, std::string> sysctl() const;
  [[nodiscard]] Strings masked_paths() const;
  [[nodiscard]] Strings readonly_paths() const;
  [[nodiscard]] std::string cgroups_path() const;
  [[nodiscard]] std::string rootfs_propagation() const;
  [[nodiscard]] const Value* seccomp() const;  // nullptr: none

  [[nodiscard]] const Value& value() const { return *value_; }

 private:
  const Value* value_;
};

}  // namespace runward::oci

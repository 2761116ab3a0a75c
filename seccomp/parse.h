// SPDX-License-Identifier: Apache-2.0
#pragma once

// A seccomp profile from JSON, in the form of the OCI runtime-spec (config-linux.md, "Seccomp") or in moby's, which
// adds `includes` and `excludes` (by capability, architecture and kernel) to its rules, `archMap` in place of
// `architectures`, and `name` for one call (moby profiles/seccomp/seccomp.go). Both together are a Template: what it
// comes to depends on who it is for.
//
//   SHIM_TRY(const Template baseline, parse_template(json, "seccomp.json"));
//   const Profile profile = baseline.resolve({.capabilities = {"CAP_SYS_ADMIN"}, .architecture = "SCMP_ARCH_X86_64"});
//
// A name may be that of a set (sets.h): "@module".
//
// As runc does (libcontainer/seccomp), two conditions on the same argument of one rule are read as two rules, either of
// which may hold.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "seccomp/profile.h"
#include "shim/base/result.h"
#include "shim/oci/value.h"

namespace runward::seccomp {

struct KernelVersion {
  unsigned major = 0;
  unsigned minor = 0;
  friend auto operator<=>(const KernelVersion&,
                          const KernelVersion&) = default;  // NOLINT(modernize-use-nullptr): not a pointer
};
// "6.1", "5.10.0-28-amd64"
std::optional<KernelVersion> parse_kernel_version(std::string_view text);

struct Environment {
  std::set<std::string, std::less<>> capabilities;  // "CAP_SYS_ADMIN": of the bounding set
  std::string architecture;                         // "SCMP_ARCH_X86_64"; empty: unknown, conditions on it do not hold
  std::optional<KernelVersion> kernel;              // absent: unknown, and `minKernel` does not hold
};

// What must be so for a rule to be part of the profile (`includes`: all of it), or must not (`excludes`: none of it).
struct Requirement {
  std::vector<std::string> capabilities;
  std::vector<std::string> architectures;  // "SCMP_ARCH_X86_64"
  std::optional<KernelVersion> min_kernel;
  friend bool operator==(const Requirement&, const Requirement&) = default;
};

struct TemplateRule {
  std::vector<std::string> names;
  Outcome outcome;
  std::vector<std::vector<Condition>> alternatives;  // one of them must hold; one without conditions always does
  Requirement includes;
  Requirement excludes;
  friend bool operator==(const TemplateRule&, const TemplateRule&) = default;
};

struct ArchitectureMap {
  std::string architecture;
  std::vector<std::string> with;  // those that programs on it may use as well
  friend bool operator==(const ArchitectureMap&, const ArchitectureMap&) = default;
};

struct Template {
  Outcome default_outcome;
  std::vector<std::string> architectures;
  std::vector<ArchitectureMap> architecture_map;
  std::vector<std::string> flags;
  std::vector<TemplateRule> rules;

  [[nodiscard]] Profile resolve(const Environment& environment) const;
  friend bool operator==(const Template&, const Template&) = default;
};

// The same in fewer rules, so that it is resolved sooner: those that differ in nothing but the names are one, with its
// names sorted.
Template condensed(Template profile);

// `name` stands in the error: `seccomp.json: /syscalls/3/args/0/op: unknown comparison "EQ"`. With the text that the
// JSON was read from (comments allowed) the error says its line and column too: `seccomp.json:17:9: /syscalls/3/…`.
Result<Template> parse_template(const oci::Value& json, std::string_view name, std::string_view text = {});

// Of a container's document. An error where it depends on who it is for: low-level runtimes know nothing of that, and
// would read another filter.
Result<Profile> parse_profile(const oci::Value& json, std::string_view name);

}  // namespace runward::seccomp

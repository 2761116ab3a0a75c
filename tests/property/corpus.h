// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the property tests run over: the golden documents of every engine folder, the policies, and facts about hosts.

#include <string>
#include <vector>

#include "seccomp/parse.h"
#include "shim/harden/pipeline.h"
#include "shim/host/facts.h"
#include "shim/oci/shape.h"
#include "shim/oci/value.h"
#include "shim/policy/policy.h"

namespace runward::property {

struct GoldenDocument {
  std::string engine;  // "docker-28"
  std::string name;    // "cap-add", "process/exec", "resources/update-memory"
  oci::Document kind = oci::Document::spec;
  oci::Value value;

  [[nodiscard]] std::string title() const { return engine + "/" + name; }
};

// Every *.json below tests/golden/<engine>/, sorted; each parses and has its shape, or the test fails.
const std::vector<GoldenDocument>& golden_documents();

// The same with three rules left of each seccomp filter: no step looks at them, and two hundred make every copy and
// comparison ten times as slow.
const std::vector<GoldenDocument>& golden_documents_with_short_filters();

struct NamedPolicy {
  std::string name;
  policy::Policy value;
  seccomp::Template seccomp_baseline;
};

// The shipped profiles; "strip", where every rule is on and strips; and "rich", which fills every list.
const std::vector<NamedPolicy>& policies();
const NamedPolicy& policy_named(const std::string& name);
// The same with one mode for every rule.
NamedPolicy with_mode(NamedPolicy policy, policy::Mode mode);

enum class HostKind { sane, with_modules, knows_nothing };
inline constexpr HostKind kHostKinds[] = {HostKind::sane, HostKind::with_modules, HostKind::knows_nothing};

// Facts as a probe would give them for this document, by names only: nothing is looked at.
host::HostFacts facts_for(const oci::Value& spec, const std::string& engine, HostKind kind);

harden::Context context_of(const NamedPolicy& policy, const host::HostFacts& facts);

// Where the facts say that mounts are staged.
inline constexpr std::string_view kStaged = "/run/runward/rootfs/moby-0/container";

}  // namespace runward::property

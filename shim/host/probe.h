// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fills HostFacts: the only reader of /proc and /sys. Looks only at what the document and the policy ask for.

#include <sys/types.h>

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "shim/base/result.h"
#include "shim/host/facts.h"
#include "shim/oci/spec.h"
#include "shim/policy/policy.h"

namespace runward::host {

struct ProbeInput {
  std::string runtime_root;  // --root
  std::string container_id;
  std::string build_root;  // of a RUN step that BuildKit runs: the folder that all of its mounts come from; else empty
  // What the low-level runtime knows; asked (it costs a process) only when document or policy want what not every
  // runtime knows.
  std::function<std::optional<RuntimeFeatures>()> runtime_features;
};

Result<HostFacts> probe(const oci::Spec& spec, const policy::Policy& policy, const ProbeInput& input);

// For an exec's process, and for an update's resources of the container whose first process is `pid`, if it is known.
HostFacts probe_process(const std::string& runtime_root);
Result<HostFacts> probe_resources(const oci::LinuxResources& resources, const policy::Policy& policy,
                                  const std::string& runtime_root, std::optional<pid_t> pid);

// The last part of --root: "/run/docker/runtime-runc/moby" → "moby".
std::string engine_namespace_of(const std::string& runtime_root);

}  // namespace runward::host

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which bundle belongs to the container that somebody names. Looked for in the events file, then in the state files of
// the low-level runtime below the roots that engines use; Docker's names come from its containers/<id>/config.v2.json.

#include <map>
#include <optional>
#include <string>

#include "shim/base/result.h"
#include "shim/oci/value.h"

namespace runward::ctl {

struct Container {
  std::string id;
  std::string bundle;
  std::string name;                                // Docker's; empty: unknown
  std::optional<oci::Value> event = std::nullopt;  // that of its start
  std::optional<oci::Value> last = std::nullopt;   // the last one about it, perhaps an exec's
};

using Containers = std::map<std::string, Container>;  // by id

Result<Containers> list_containers(const std::string& events_file);

// By id, name, or an id's beginning that only one has, in this order, as Docker does it.
Result<Container> pick_container(const Containers& containers, const std::string& wanted);

// What the bundle's folder tells about the call: containerd keeps the runtime's name and root in options.json.
struct BundleFacts {
  std::string runtime_name = "runward";
  std::string runtime_root;
  std::string container_id;
};
BundleFacts facts_of_bundle(const std::string& bundle);

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which bundle belongs to the container that somebody names. Looked for in the events file, then in the state files of
// the low-level runtime below the roots that engines use; Docker's names come from its containers/<id>/config.v2.json.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

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

// All that the file tells of, or of these ids only, which is quick however long the file has become.
using ContainerIds = std::set<std::string, std::less<>>;
Result<Containers> list_containers(const std::string& events_file, const std::optional<ContainerIds>& only = {});

// What list_containers has for one, by id, name or an id's beginning: of those that run if one of them is meant.
Result<Container> find_container(const std::string& events_file, const std::string& wanted);

// Whether a line of the events file may be about one of them, without reading it as JSON.
bool may_name(std::string_view line, const ContainerIds& ids);

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

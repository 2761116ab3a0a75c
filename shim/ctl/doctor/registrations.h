// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which runtimes an engine's configuration names, pure: text to a value.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shim/base/result.h"
#include "shim/ctl/daemon_json.h"
#include "shim/ctl/doctor/toml.h"

namespace runward::ctl::doctor {

struct Registrations {
  std::vector<RuntimeEntry> runtimes;
  std::string default_runtime;
  std::optional<std::set<std::string>> supports_json;  // Podman only
  std::string data_root;                               // Docker only; empty: not said
  std::string server_version;                          // Docker only
};

// `docker info --format '{{json .}}'`, and daemon.json where no dockerd answers.
Result<Registrations> read_docker_info(std::string_view json);
Result<Registrations> read_daemon_json(std::string_view json);

// Of files in the order in which the engine reads them: what a later one says, holds.
Registrations read_containerd(const std::vector<TomlEntry>& entries);
Registrations read_cri_o(const std::vector<TomlEntry>& entries);
Registrations read_podman(const std::vector<TomlEntry>& entries);

}  // namespace runward::ctl::doctor

// SPDX-License-Identifier: Apache-2.0
#pragma once

// As much of TOML as tells which runtimes containerd, CRI-O and Podman have: tables, and keys whose values are strings
// or lists of strings. Other values are passed over. Inline tables and multi-line strings are not read: none of the
// three writes its runtimes so.

#include <string>
#include <string_view>
#include <vector>

namespace runward::ctl::doctor {

struct TomlEntry {
  std::vector<std::string> table;  // [plugins."io.containerd.grpc.v1.cri".containerd] → three names
  std::string key;
  std::vector<std::string> values;
};

std::vector<TomlEntry> parse_toml(std::string_view text);

}  // namespace runward::ctl::doctor

// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/doctor/registrations.h"

#include <algorithm>

#include "shim/oci/parse.h"

namespace runward::ctl::doctor {
namespace {

using Names = std::vector<std::string>;

std::string text_at(const oci::Value& object, std::string_view key) {
  const oci::Value* const value = oci::find(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

// Both documents have it in this form, with other names: {"runward": {"path": "/usr/local/bin/runward"}}.
void read_runtimes(const oci::Value& document, std::string_view key, Registrations& found) {
  const oci::Value* const runtimes = oci::find(document, key);
  if (runtimes == nullptr || !runtimes->is_object()) return;
  for (const auto& [name, runtime] : runtimes->items())
    if (runtime.is_object()) found.runtimes.push_back({.name = name, .path = text_at(runtime, "path")});
}

void put(Registrations& found, const std::string& name, const std::string& path) {
  const auto there = std::ranges::find(found.runtimes, name, &RuntimeEntry::name);
  if (there == found.runtimes.end()) {
    found.runtimes.push_back({.name = name, .path = path});
  } else {
    there->path = path;
  }
}

// The name between `before` and `after`, when the table is "… before NAME after" (after may be empty).
std::optional<std::string> name_in(const Names& table, std::string_view before, std::string_view after) {
  const std::size_t below = after.empty() ? 1 : 2;
  if (table.size() < below + 1 || (!after.empty() && table.back() != after)) return std::nullopt;
  const std::size_t at = table.size() - below;
  return table[at - 1] == before ? std::optional(table[at]) : std::nullopt;
}

}  // namespace

Result<Registrations> read_docker_info(std::string_view json) {
  SHIM_TRY(const oci::Value info, oci::parse(json, "docker info"));
  Registrations found;
  read_runtimes(info, "Runtimes", found);
  found.default_runtime = text_at(info, "DefaultRuntime");
  found.data_root = text_at(info, "DockerRootDir");
  found.server_version = text_at(info, "ServerVersion");
  if (found.server_version.empty()) return make_error(ErrorKind::io, "the daemon tells nothing about itself");
  return found;
}

Result<Registrations> read_daemon_json(std::string_view json) {
  SHIM_TRY(const oci::Value document, oci::parse(json, "daemon.json"));
  Registrations found;
  read_runtimes(document, "runtimes", found);
  found.default_runtime = text_at(document, "default-runtime");
  if (found.default_runtime.empty()) found.default_runtime = "runc";
  found.data_root = text_at(document, "data-root");
  return found;
}

// Version 2 has them below "io.containerd.grpc.v1.cri", version 3 below "io.containerd.cri.v1.runtime".
Registrations read_containerd(const std::vector<TomlEntry>& entries) {
  Registrations found{
      .runtimes = {}, .default_runtime = "runc", .supports_json = {}, .data_root = {}, .server_version = {}};
  for (const TomlEntry& entry : entries) {
    if (entry.key == "default_runtime_name") found.default_runtime = entry.values[0];
    if (const auto name = name_in(entry.table, "runtimes", ""); name && entry.key == "runtime_type")
      put(found, *name, "runc");
    if (const auto name = name_in(entry.table, "runtimes", "options"); name && entry.key == "BinaryName")
      put(found, *name, entry.values[0].empty() ? "runc" : entry.values[0]);
  }
  return found;
}

Registrations read_cri_o(const std::vector<TomlEntry>& entries) {
  Registrations found;
  for (const TomlEntry& entry : entries) {
    if (entry.table == Names{"crio", "runtime"} && entry.key == "default_runtime")
      found.default_runtime = entry.values[0];
    if (const auto name = name_in(entry.table, "runtimes", ""); name && entry.key == "runtime_path")
      put(found, *name, entry.values[0]);
  }
  return found;
}

Registrations read_podman(const std::vector<TomlEntry>& entries) {
  Registrations found;
  found.supports_json = {"crun", "runc", "kata", "runsc", "youki", "krun", "ocijail"};  // what Podman has built in
  for (const TomlEntry& entry : entries) {
    if (entry.table == Names{"engine"} && entry.key == "runtime") found.default_runtime = entry.values[0];
    if (entry.table == Names{"engine"} && entry.key == "runtime_supports_json")
      found.supports_json = std::set<std::string>(entry.values.begin(), entry.values.end());
    if (entry.table == Names{"engine", "runtimes"}) put(found, entry.key, entry.values[0]);
  }
  return found;
}

}  // namespace runward::ctl::doctor

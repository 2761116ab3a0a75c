// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/containers.h"

#include <filesystem>
#include <string_view>
#include <vector>

#include "shim/base/file.h"
#include "shim/ctl/event_log.h"
#include "shim/decide.h"
#include "shim/oci/parse.h"

namespace runward::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;

// null when it is missing or no JSON: these are other programs' files.
oci::Value read_json(const fs::path& path) {
  const auto text = read_file(path.native(), kMaxBytes);
  if (!text) return nullptr;
  auto value = oci::parse(*text, path.native());
  return value ? *std::move(value) : oci::Value(nullptr);
}

std::string text_at(const oci::Value& value, const char* pointer) {
  const oci::Value* const found = oci::find(value, oci::Pointer(pointer));
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (entry->is_directory(error)) folders.push_back(entry->path());
  return folders;
}

// Folders with one folder per container: …/<id>/state.json.
std::vector<fs::path> runtime_roots() {
  std::vector<fs::path> roots{"/run/runc"};
  for (const fs::path& runtime : folders_in("/run/docker"))
    if (runtime.filename().native().starts_with("runtime-"))
      for (const fs::path& root : folders_in(runtime)) roots.push_back(root);
  for (const fs::path& root : folders_in("/run/containerd/runc")) roots.push_back(root);
  return roots;
}

std::string bundle_of_state(const oci::Value& state) {
  constexpr std::string_view kLabel = "bundle=";
  const oci::Value* const labels = oci::find(state, oci::Pointer("/config/labels"));
  if (labels == nullptr || !labels->is_array()) return "";
  for (const oci::Value& label : *labels)
    if (label.is_string() && label.get_ref<const std::string&>().starts_with(kLabel))
      return label.get<std::string>().substr(kLabel.size());
  return "";
}

void add_from_states(Containers& containers) {
  for (const fs::path& root : runtime_roots())
    for (const fs::path& folder : folders_in(root)) {
      const std::string id = folder.filename();
      if (containers.contains(id)) continue;
      std::string bundle = bundle_of_state(read_json(folder / "state.json"));
      if (!bundle.empty())
        containers.emplace(id, Container{.id = id, .bundle = std::move(bundle), .name = {}, .event = {}, .last = {}});
    }
}

Status add_from_events(const std::string& events_file, const std::optional<ContainerIds>& only,
                       Containers& containers) {
  auto log = EventLog::open(events_file);
  if (!log && log.error().code == std::errc::no_such_file_or_directory) return ok();
  if (!log) return std::move(log).error();
  SHIM_CHECK(log->read([&](std::string_view line) {
    if (only && !may_name(line, *only)) return;
    auto event = parse_event(line);
    if (!event) return;
    const std::string id = text_of(*event, "container");
    if (id.empty() || (only && !only->contains(id))) return;
    Container& container = containers[id];
    container.id = id;
    const std::string command = text_of(*event, "command");
    const bool is_start = command != "exec" && command != "update" && command != "checkpoint";
    if (is_start) container.bundle = text_of(*event, "bundle");
    if (is_start) container.event = event;
    container.last = std::move(event);
  }));
  return ok();
}

std::string docker_name(const Container& container) {
  const auto below = [&](const fs::path& data_root) {
    std::string name = text_at(read_json(data_root / "containers" / container.id / "config.v2.json"), "/Name");
    return name.starts_with('/') ? name.substr(1) : name;
  };
  // The engine's own document where there is one: in the hardened one the root filesystem may be staged elsewhere.
  fs::path path;
  for (const char* const document : {kOriginal, kDocument})
    if (path.empty()) path = text_at(read_json(fs::path(container.bundle) / document), "/root/path");
  while (path.has_parent_path() && path != path.root_path()) {
    path = path.parent_path();
    if (auto name = below(path); !name.empty()) return name;
  }
  return below("/var/lib/docker");
}

}  // namespace

bool may_name(std::string_view line, const ContainerIds& ids) {
  constexpr std::string_view kKey = "\"container\":\"";  // as runward prints it
  for (std::size_t at = line.find(kKey); at != std::string_view::npos; at = line.find(kKey, at)) {
    at += kKey.size();
    if (ids.contains(line.substr(at, line.find('"', at) - at))) return true;
  }
  return false;
}

Result<Containers> list_containers(const std::string& events_file, const std::optional<ContainerIds>& only) {
  Containers containers;
  if (!events_file.empty()) SHIM_CHECK(add_from_events(events_file, only, containers));
  add_from_states(containers);
  for (auto& [id, container] : containers) container.name = docker_name(container);
  return containers;
}

Result<Container> pick_container(const Containers& containers, const std::string& wanted) {
  if (const auto found = containers.find(wanted); found != containers.end()) return found->second;
  std::vector<const Container*> named;
  std::vector<const Container*> begun;
  for (const auto& [id, container] : containers) {
    if (container.name == wanted) named.push_back(&container);
    if (id.starts_with(wanted)) begun.push_back(&container);
  }
  const auto& matches = named.empty() ? begun : named;
  if (wanted.empty() || matches.empty())
    return make_error(ErrorKind::io, "no container '" + wanted + "' in the events file or in a runtime's state");
  if (matches.size() == 1) return *matches.front();
  return make_error(ErrorKind::io, "'" + wanted + "' stands for " + std::to_string(matches.size()) +
                                       " containers, among them " + matches[0]->id + " and " + matches[1]->id);
}

Result<Container> find_container(const std::string& events_file, const std::string& wanted) {
  SHIM_TRY(const Containers running, list_containers(""));
  std::optional<ContainerIds> only;
  if (const auto found = pick_container(running, wanted)) only = ContainerIds{found->id};
  SHIM_TRY(const Containers containers, list_containers(events_file, only));
  return pick_container(containers, only ? *only->begin() : wanted);
}

BundleFacts facts_of_bundle(const std::string& bundle) {
  fs::path path = fs::path(bundle).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  if (path.filename() == "userdata") path = path.parent_path();  // Podman and CRI-O: …/<id>/userdata
  BundleFacts facts;
  facts.container_id = path.filename();
  const oci::Value options = read_json(fs::path(bundle) / "options.json");
  const std::string program = text_at(options, "/binary_name");
  if (!program.empty()) facts.runtime_name = fs::path(program).filename();
  // containerd: …/io.containerd.runtime.v2.task/<namespace>/<id>
  const bool is_containerds =
      path.parent_path().parent_path().filename().native().starts_with("io.containerd.runtime.");
  if (is_containerds) facts.runtime_root = fs::path(text_at(options, "/root")) / path.parent_path().filename();
  return facts;
}

}  // namespace runward::ctl

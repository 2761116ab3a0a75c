// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "shim/base/file.h"
#include "shim/ctl/doctor/probes.h"
#include "shim/ctl/doctor/spawn.h"
#include "shim/ctl/words.h"
#include "shim/runtime/low_level.h"

namespace runward::ctl::doctor {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;
constexpr std::size_t kMaxProgramBytes = std::size_t{256} << 20U;
constexpr std::size_t kMaxFiles = 200;

// By identity, else byte by byte: a copy of the same build is the same build.
bool same_program(const std::string& a, const std::string& b) {
  struct stat one {};
  struct stat other {};
  if (::stat(a.c_str(), &one) != 0 || ::stat(b.c_str(), &other) != 0) return false;
  if (one.st_dev == other.st_dev && one.st_ino == other.st_ino) return true;
  if (one.st_size != other.st_size) return false;
  std::error_code error;
  const auto bytes = read_file(fs::canonical(a, error), kMaxProgramBytes);
  const auto others = read_file(fs::canonical(b, error), kMaxProgramBytes);
  return bytes && others && *bytes == *others;
}

bool is_called_so(const RuntimeEntry& entry) {
  return entry.name.starts_with("runward") || fs::path(entry.path).filename().native().starts_with("runward");
}

// Engines run it for its version at every start, so we may; but not what others than root may have put there.
bool says_so(const std::string& path) {
  if (!check_program(path)) return false;
  const auto ran = run_program({path, "--version"}, 10s);
  return ran && ran->output.find("\nrunward: ") != std::string::npos;
}

// Nothing: it is not runward.
std::optional<RegisteredRuntime> look_at(const RuntimeEntry& entry, const std::string& path_variable,
                                         const std::string& runward) {
  RegisteredRuntime runtime{.name = entry.name, .path = entry.path, .build = Build::same};
  const auto found = runtime::find_program(entry.path, path_variable);
  if (!found) {
    runtime.usable = found.error();
    return is_called_so(entry) ? std::optional(runtime) : std::nullopt;
  }
  runtime.path = *found;
  runtime.usable = ok();
  runtime.only_root_writes = check_program(*found);
  if (!same_program(*found, runward)) {
    if (!is_called_so(entry) && !says_so(*found)) return std::nullopt;
    runtime.build = Build::other;
  }
  return runtime;
}

EngineFacts facts_of(Engine engine, std::string where, const Registrations& registrations,
                     const std::string& path_variable, const std::string& runward) {
  EngineFacts facts;
  facts.engine = engine;
  facts.where = std::move(where);
  facts.default_runtime = registrations.default_runtime;
  facts.supports_json = registrations.supports_json;
  for (const RuntimeEntry& entry : registrations.runtimes)
    if (auto runtime = look_at(entry, path_variable, runward)) facts.runward.push_back(*std::move(runtime));
  return facts;
}

EngineFacts facts_of_docker(const Docker& docker, const std::string& runward) {
  std::string where = docker.host;
  if (!docker.registrations.server_version.empty()) where += ", version " + docker.registrations.server_version;
  if (docker.daemon) where += ", pid " + std::to_string(docker.daemon->pid);
  if (!docker.unit.empty()) where += ", " + docker.unit;
  EngineFacts facts = facts_of(Engine::docker, std::move(where), docker.registrations, docker.path_variable(), runward);
  facts.problem = docker.problem;
  return facts;
}

// The other engines are told by their files.
struct ConfiguredEngine {
  Engine engine;
  const char* program;
  std::vector<std::string> files;
  std::string folder;  // of more files, *.conf; empty: none
  Registrations (*read)(const std::vector<TomlEntry>& entries);
};

std::vector<ConfiguredEngine> configured_engines() {
  return {{Engine::containerd, "containerd", {"/etc/containerd/config.toml"}, "", &read_containerd},
          {Engine::cri_o, "crio", {"/etc/crio/crio.conf"}, "/etc/crio/crio.conf.d", &read_cri_o},
          {Engine::podman,
           "podman",
           {"/usr/share/containers/containers.conf", "/etc/containers/containers.conf"},
           "/etc/containers/containers.conf.d",
           &read_podman}};
}

std::vector<std::string> files_of(const ConfiguredEngine& engine) {
  std::vector<std::string> more;
  std::error_code error;
  if (!engine.folder.empty())
    for (fs::directory_iterator entry(engine.folder, error), end; !error && entry != end; entry.increment(error))
      if (entry->path().extension() == ".conf" && more.size() < kMaxFiles) more.push_back(entry->path());
  std::ranges::sort(more);
  more.insert(more.begin(), engine.files.begin(), engine.files.end());
  return more;
}

std::optional<EngineFacts> probe_configured(const ConfiguredEngine& engine, const std::string& path_variable,
                                            const std::string& runward) {
  const auto program = find_program(engine.program);
  std::vector<TomlEntry> entries;
  std::vector<std::string> sources;
  if (program) sources.push_back(*program);
  std::optional<std::string> problem;
  for (const std::string& file : files_of(engine)) {
    std::error_code error;
    const fs::path real = fs::canonical(file, error);  // a link is as good as the file, to the engine too
    if (error) continue;
    const auto text = read_file(real, kMaxBytes);
    if (!text) problem = text.error().message;
    if (!text) continue;
    sources.push_back(file);
    for (TomlEntry& entry : parse_toml(*text)) entries.push_back(std::move(entry));
  }
  // Files without the program are what another engine's package brought.
  if (!program) return std::nullopt;
  EngineFacts facts = facts_of(engine.engine, joined(sources), engine.read(entries), path_variable, runward);
  facts.problem = problem;
  facts.serves_containers = engine.engine != Engine::containerd || !engine.read(entries).runtimes.empty();
  return facts;
}

}  // namespace

std::vector<EngineFacts> probe_engines(const std::optional<Docker>& docker, const std::string& runward) {
  std::vector<EngineFacts> all;
  if (docker) all.push_back(facts_of_docker(*docker, runward));
  const std::string path_variable = Docker().path_variable();
  for (const ConfiguredEngine& engine : configured_engines())
    if (auto facts = probe_configured(engine, path_variable, runward)) all.push_back(*std::move(facts));
  return all;
}

}  // namespace runward::ctl::doctor

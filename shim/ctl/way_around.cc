// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/way_around.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>

#include "shim/base/file.h"
#include "shim/oci/parse.h"
#include "shim/runtime/low_level.h"

namespace runward::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

std::string name_of(const fs::path& process) {
  auto name = read_file(process / "comm", kMaxBytes);
  if (!name) return {};
  if (name->ends_with('\n')) name->pop_back();
  return *std::move(name);
}

// An engine inside of a container has other programs, and is no engine of this host.
bool shares_our_files(const fs::path& process) {
  struct stat its {};
  struct stat ours {};
  return ::stat((process / "ns/mnt").c_str(), &its) == 0 && ::stat("/proc/self/ns/mnt", &ours) == 0 &&
         its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
}

// The first program of a name in its PATH, which is what it calls by that name.
std::optional<std::string> program_of(const fs::path& process, std::string_view name) {
  const auto environment = read_file(process / "environ", kMaxBytes);
  if (!environment) return std::nullopt;
  for (const std::string& variable : split(*environment, '\0')) {
    if (!variable.starts_with("PATH=")) continue;
    for (const std::string& folder : split(std::string_view(variable).substr(5), ':'))
      if (std::string path = folder + "/" + std::string(name); ::access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

// What an engine starts for a container.
std::optional<std::string> runtime_of(const fs::path& process, std::string_view engine) {
  if (engine == "buildkitd")
    if (auto own = program_of(process, kBuildkitRuncName)) return own;
  return program_of(process, kRuncName);
}

void look_at_engines(const LockdownHost& host, std::vector<std::string>& found) {
  constexpr std::array<std::string_view, 3> kEngines = {"dockerd", "containerd", "buildkitd"};
  std::size_t containers = 0;
  std::error_code error;
  for (fs::directory_iterator process("/proc", error), end; !error && process != end; process.increment(error)) {
    const std::string name = name_of(process->path());
    const bool is_shim = name.starts_with("containerd-shim");  // cut at 15 letters
    const bool is_engine = std::ranges::find(kEngines, name) != kEngines.end();
    if ((!is_shim && !is_engine) || !shares_our_files(process->path())) continue;
    if (is_shim) ++containers;
    const auto runc = is_engine ? runtime_of(process->path(), name) : std::nullopt;
    if (runc && !leads_to_runward(host, *runc))
      found.push_back(name + " (pid " + process->path().filename().native() +
                      ") runs with a PATH in which its runtime is " + *runc +
                      ": start it again, or call lockdown with --folder " + fs::path(*runc).parent_path().native());
  }
  if (containers > 0)
    found.push_back(std::to_string(containers) +
                    " containers are running; those that were started before lockdown stay as they are until they are "
                    "started again");
}

std::string text_of(const oci::Value& runtime, std::string_view member) {
  const oci::Value* const text = runtime.is_object() ? oci::find(runtime, member) : nullptr;
  return text != nullptr && text->is_string() ? text->get<std::string>() : std::string();
}

// What a runtime of daemon.json starts, if that is not runward.
std::string other_program(const LockdownHost& host, const oci::Value& runtime) {
  std::string type = text_of(runtime, "runtimeType");  // Docker 23
  if (!type.empty() && type != "io.containerd.runc.v2") return type;
  std::string program = text_of(runtime, "path");
  const std::string file = program.substr(program.rfind('/') + 1);
  // A name without a folder is looked for in PATH, where runc is runward.
  const bool is_ours =
      program.empty() || program == "runc" || file.starts_with("runward") || leads_to_runward(host, program);
  return is_ours ? "" : program;
}

std::string not_runward(const std::string& daemon_json, const std::string& runtime, const std::string& program) {
  return "the runtime '" + runtime + "' of " + daemon_json + " is " + program + ", not runward";
}

void look_at_runtimes(const LockdownHost& host, const std::string& daemon_json, std::vector<std::string>& found) {
  const auto text = read_file(host.root + daemon_json, kMaxBytes);
  if (!text) return;
  const auto document = oci::parse(*text, daemon_json);
  if (!document) return;
  const oci::Value* const runtimes = oci::find(*document, std::string_view("runtimes"));
  if (runtimes == nullptr || !runtimes->is_object()) return;
  for (const auto& [name, runtime] : runtimes->items())
    if (const std::string program = other_program(host, runtime); !program.empty())
      found.push_back(not_runward(daemon_json, name, program));
}

// `docker run --runtime io.containerd.NAME.vN` starts any shim that is installed.
void look_at_shims(const LockdownHost& host, std::vector<std::string>& found) {
  constexpr std::string_view kShim = "containerd-shim-";
  std::set<std::string> seen;
  for (const std::string& folder : split(runtime::kUsualDirectories, ':')) {
    std::error_code error;
    for (fs::directory_iterator entry(host.root + folder, error), end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename();
      if (name.starts_with(kShim) && !name.starts_with("containerd-shim-runc-") && seen.insert(name).second)
        found.push_back("containers can be started with " + name +
                        ", which calls no runc (docker run --runtime "
                        "io.containerd." +
                        name.substr(kShim.size()) + ", with dots)");
    }
  }
}

}  // namespace

std::vector<std::string> ways_around(const LockdownHost& host, const std::string& daemon_json) {
  std::vector<std::string> found;
  if (host.root.empty()) look_at_engines(host, found);
  look_at_runtimes(host, daemon_json, found);
  look_at_shims(host, found);
  return found;
}

}  // namespace runward::ctl

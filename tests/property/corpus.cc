// SPDX-License-Identifier: Apache-2.0
#include "tests/property/corpus.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "shim/oci/parse.h"
#include "shim/oci/spec.h"
#include "shim/policy/store.h"

namespace runward::property {
namespace {

using policy::Mode;
using policy::OnExcess;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "corpus: %s\n", why.c_str());
  std::abort();
}

constexpr auto kNoConfigDir = "/nonexistent-runward-config";

GoldenDocument read_golden(const std::filesystem::path& file, const std::filesystem::path& engine) {
  GoldenDocument golden{.engine = engine.filename().string(), .name = {}, .kind = oci::Document::spec, .value = {}};
  golden.name = file.lexically_relative(engine).replace_extension().string();
  if (golden.name.starts_with("process/")) golden.kind = oci::Document::process;
  if (golden.name.starts_with("resources/")) golden.kind = oci::Document::resources;
  std::ifstream stream(file);
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  auto parsed = oci::parse(text, file.string());
  if (!parsed) give_up(parsed.error().message);
  const auto problems = oci::check_shape(*parsed, golden.kind);
  if (!problems.empty()) give_up(golden.title() + ": " + problems.front().message);
  golden.value = *std::move(parsed);
  return golden;
}

NamedPolicy load(const std::string& name) {
  auto loaded = policy::load_policy(kNoConfigDir, name, policy::Config());
  if (!loaded) give_up(loaded.error().message);
  auto baseline = policy::load_seccomp(*loaded);
  if (!baseline) give_up(baseline.error().message);
  auto parsed = seccomp::parse_template(baseline->json, name);
  if (!parsed) give_up(parsed.error().message);
  return {.name = name, .value = *std::move(loaded), .seccomp_baseline = *std::move(parsed)};
}

NamedPolicy stripping(NamedPolicy policy) {
  policy.name = "strip";
  for (auto& rule : policy.value.rules) rule = {.mode = Mode::enforce, .on_excess = OnExcess::strip};
  return policy;
}

NamedPolicy rich(NamedPolicy policy) {
  policy.name = "rich";
  auto& value = policy.value;
  for (auto& rule : value.rules) rule = {.mode = Mode::enforce, .on_excess = OnExcess::strip};
  value.namespaces = {.host_allowed = {"network", "time"}, .join_containers = false};
  value.user = {.root_allowed = false, .root_group_allowed = false, .dropped_gids = {0, 6, 29, 42, 1000}};
  value.capabilities = {.allowed = {"CHOWN", "KILL"}, .on_request = {"SYS_PTRACE", "NET_RAW"}, .ambient = {"KILL"}};
  value.apparmor = {.profile = "runward-rich", .required = true, .source = {}};
  value.rootfs.scratch = {{.path = "/tmp", .size = 1 << 20, .exec = true, .if_exists = false},
                          {.path = "/data", .size = 1 << 20, .exec = false, .if_exists = false},
                          {.path = "/var/cache/x", .size = 1 << 20, .exec = false, .if_exists = true}};
  value.mounts.only_allowed = true;
  value.mounts.noexec = true;
  value.mounts.tmpfs_exec = true;
  value.mounts.types.insert("overlay");
  value.masked_paths = {.masked = {"/proc/a", "/proc/b"}, .read_only = {"/sys/c"}};
  value.devices.allowed = {"/dev/fuse", "/dev/net/tun"};
  value.memory = {.when_unset = policy::Amount{.absolute = 1 << 20, .percent = 10},
                  .ceiling = policy::Amount{.absolute = 1 << 26, .percent = std::nullopt}};
  value.cpu = {.when_unset = std::nullopt, .ceiling = policy::Amount{.absolute = 1500, .percent = std::nullopt}};
  value.pids = {.when_unset = policy::Amount{.absolute = 50, .percent = std::nullopt}, .ceiling = std::nullopt};
  value.unified_keys = {"memory.high"};
  value.oom_score_min = 100;
  value.sysctls = {"net.*"};
  value.cgroup_parents = {"*"};
  value.hook_paths = {"/usr/bin/allowed-hook", "/opt/hooks/*"};
  value.annotations_denied = {"*"};
  value.annotations_allowed = {"com.example.*"};
  value.image.allowed = {"docker.io/library/*"};
  return policy;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// As the names in the golden documents tell it.
host::MountSource source_of(const std::string& path) {
  constexpr std::array<std::string_view, 5> kSystem = {"/", "/etc", "/proc", "/sys", "/dev"};
  host::MountSource source{.resolved = path,
                           .inside = {},
                           .contains = {},
                           .filesystem = {},
                           .allowed_by = {},
                           .is_volume = contains(path, "/volumes/") && contains(path, "/_data"),
                           .is_engine_file = contains(path, "/containers/") || contains(path, "-containers/") ||
                                             path.ends_with("/docker-init")};
  if (source.is_engine_file) return source;
  const bool is_socket = path.ends_with(".sock");
  const bool is_top_of_capture = path.starts_with("/tmp/rw.") && std::ranges::count(path, '/') == 2;
  const bool is_folder_of_socket = is_top_of_capture || path == "/run" || path == "/var/run";
  if (is_socket || is_folder_of_socket) source.contains.push_back("/run/docker.sock");
  if (std::ranges::find(kSystem, path) != kSystem.end() || path.starts_with("/sys/")) source.inside.push_back(path);
  if (path == "/etc/localtime") {
    source.inside.push_back("/etc");
    source.allowed_by.push_back("/etc/localtime");
  }
  return source;
}

// dockerd before 26 joins the host's network by a bind mount of its namespace, <exec root>/netns/default.
bool is_hosts_namespace(const std::string& path) {
  return path.starts_with("/proc/1/") || contains(path, "/self/") || path.ends_with("/netns/default");
}

host::HookPath hook_of(const std::string& path) {
  if (path.ends_with("/exe")) return {.resolved = "/usr/bin/dockerd", .only_root_writes = true};
  return {.resolved = path, .only_root_writes = !path.starts_with("/home/")};
}

// Not by Spec::hooks, which is under test with documents that hold nonsense in unknown kinds of hooks.
std::vector<std::string> hook_paths(const oci::Value& document) {
  std::vector<std::string> paths;
  const oci::Value* const kinds = oci::find(document, oci::Pointer("/hooks"));
  if (kinds == nullptr || !kinds->is_object()) return paths;
  for (const oci::Value& hooks : *kinds)
    for (const oci::Value& hook : hooks)
      if (hook.is_object() && hook.contains("path") && hook["path"].is_string()) paths.push_back(hook["path"]);
  return paths;
}

// As userns/stage.h prepares it: with copies of all bind mounts, and with a user namespace where the kernel can.
host::Staging staging_for(const oci::Spec& spec, bool with_users) {
  host::Staging staging;
  if (with_users) {
    host::UserNamespace& users = staging.user_namespace.emplace();
    users.first = 2'000'000;
    users.size = 65536;
    users.rootfs = std::string(kStaged) + "/rootfs";
  }
  for (const oci::Mount& mount : spec.mounts())
    if (mount.is_bind() && mount.source.starts_with('/'))
      staging.mounts.push_back({.source = mount.source,
                                .destination = mount.destination,
                                .staged = std::string(kStaged) + "/m/" + std::to_string(staging.mounts.size()),
                                .identity = {},
                                .is_idmapped = with_users,
                                .is_copied = false,
                                .problem = {},
                                .locked = {"nodev"}});
  for (const oci::Namespace& entry : spec.namespaces())
    if (entry.path.starts_with("/proc/"))
      staging.namespaces.push_back(
          {.path = entry.path, .staged = std::string(kStaged) + "/n/" + entry.type, .identity = {}});
  return staging;
}

std::string namespace_of(const std::string& engine) {
  if (engine.starts_with("docker")) return "moby";
  return engine.starts_with("containerd") ? "golden" : "";  // `ctr --namespace golden` of capture.sh
}

}  // namespace

const std::vector<GoldenDocument>& golden_documents() {
  static const std::vector<GoldenDocument> kAll = [] {
    std::vector<GoldenDocument> all;
    const std::filesystem::path top = std::filesystem::path(RUNWARD_SOURCE_DIR) / "tests/golden";
    for (const auto& engine : std::filesystem::directory_iterator(top)) {
      if (!engine.is_directory() || engine.path().filename() == "results") continue;
      for (const auto& file : std::filesystem::recursive_directory_iterator(engine.path()))
        if (file.path().extension() == ".json") all.push_back(read_golden(file.path(), engine.path()));
    }
    std::ranges::sort(all, {}, &GoldenDocument::title);
    return all;
  }();
  return kAll;
}

const std::vector<GoldenDocument>& golden_documents_with_short_filters() {
  static const std::vector<GoldenDocument> kAll = [] {
    const oci::Pointer where("/linux/seccomp/syscalls");
    std::vector<GoldenDocument> all = golden_documents();
    for (GoldenDocument& golden : all) {
      if (!golden.value.contains(where)) continue;
      oci::Value& syscalls = golden.value[where];
      if (syscalls.size() > 3) syscalls.erase(syscalls.begin() + 3, syscalls.end());
    }
    return all;
  }();
  return kAll;
}

const std::vector<NamedPolicy>& policies() {
  static const std::vector<NamedPolicy> kAll = {load("default"),      load("strict"), load("compat"),
                                                load("build"),        load("plugin"), stripping(load("default")),
                                                rich(load("default"))};
  return kAll;
}

const NamedPolicy& policy_named(const std::string& name) {
  const auto found = std::ranges::find(policies(), name, &NamedPolicy::name);
  if (found == policies().end()) give_up("no policy " + name);
  return *found;
}

NamedPolicy with_mode(NamedPolicy policy, Mode mode) {
  for (auto& rule : policy.value.rules) rule.mode = mode;
  return policy;
}

host::HostFacts facts_for(const oci::Value& document, const std::string& engine, HostKind kind) {
  host::HostFacts facts;
  if (kind == HostKind::knows_nothing) {
    facts.cpu_count = 0;
    facts.swap_accounting = false;
    facts.selinux_enabled = true;
    facts.engine_namespace = "strange'\n\x1b";
    facts.runtime_features = host::RuntimeFeatures{.namespaces = {}, .seccomp_flags = {}};
    return facts;
  }
  const oci::Spec spec(document);
  facts.memory_bytes = std::uint64_t{8} << 30U;
  facts.cpu_count = 4;
  facts.engine_namespace = namespace_of(engine);
  facts.runtime_features = host::RuntimeFeatures{
      .namespaces = {"mount", "network", "uts", "pid", "ipc", "user", "cgroup", "time"}, .seccomp_flags = {}};
  for (const oci::Mount& mount : spec.mounts())
    if (mount.is_bind()) facts.mount_sources.emplace(mount.source, source_of(mount.source));
  for (const oci::Namespace& entry : spec.namespaces())
    if (!entry.path.empty())
      facts.namespace_paths.emplace(entry.path, host::NamespacePath{.is_host = is_hosts_namespace(entry.path),
                                                                    .is_process = entry.path.starts_with("/proc/")});
  if (kind == HostKind::with_modules) {
    facts.memory_bytes = std::uint64_t{1} << 50U;
    facts.cpu_count = 4096;
    facts.cgroup_v2 = true;
    facts.swap_key = true;
    facts.apparmor_enabled = true;
    facts.apparmor_loaded = {"docker-default", "runward-rich"};
    facts.selinux_enabled = true;
    facts.container = host::ContainerInfo{.image = "nginx:1",
                                          .image_id = "sha256:00",
                                          .image_digests = {"docker.io/library/nginx@sha256:00"},
                                          .labels = {}};
    facts.runtime_features = host::RuntimeFeatures{
        .namespaces = {"mount", "network", "uts", "pid", "ipc", "user", "cgroup"}, .seccomp_flags = {}};
    facts.rlimits = {{"RLIMIT_NOFILE", {.type = "RLIMIT_NOFILE", .soft = 1024, .hard = 4096}}};
    facts.rootfs_folders["/tmp"] = {.uid = 0, .gid = 5, .mode = 01777, .empty = false, .has_special_files = false};
    facts.rootfs_folders["/var/cache/x"] = {
        .uid = 7, .gid = 0, .mode = 0700, .empty = false, .has_special_files = true};
  }
  for (const std::string& path : hook_paths(document)) facts.hooks.emplace(path, hook_of(path));
  facts.staging = staging_for(spec, kind == HostKind::with_modules);
  // So that a hardened document can be looked at again.
  for (const host::StagedMount& staged : facts.staging.mounts)
    facts.mount_sources.emplace(staged.staged, facts.mount_sources.at(staged.source));
  for (const host::StagedNamespace& staged : facts.staging.namespaces)
    facts.namespace_paths.emplace(staged.staged, facts.namespace_paths.at(staged.path));
  return facts;
}

harden::Context context_of(const NamedPolicy& policy, const host::HostFacts& facts) {
  return {.policy = policy.value, .host = facts, .call = {}, .seccomp_baseline = &policy.seccomp_baseline};
}

}  // namespace runward::property

// SPDX-License-Identifier: Apache-2.0
#include "profiles/generator/make_settings.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "profiles/bytes.h"
#include "profiles/generator/make_apparmor.h"
#include "shim/policy/read_values.h"

namespace runward::profiles {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::size_t kMostFolders = 64;  // of scratch, and of volumes

// What the engine and the runtime put into every container.
constexpr std::array<std::string_view, 9> kOfTheEngine = {
    "/.dockerenv",       "/dev", "/proc", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/mtab",
    "/run/.containerenv"};
// A tmpfs over them would hide the image's programs, or the engine's own files.
constexpr std::array<std::string_view, 9> kOfTheImage = {"/bin", "/sbin", "/lib", "/lib32", "/lib64",
                                                         "/usr", "/boot", "/etc", "/root"};

bool is_of_the_engine(std::string_view path) {
  return std::ranges::any_of(kOfTheEngine, [&](std::string_view each) { return is_within(path, each); });
}

// Folders below them may be scratch where they hold a program's own data: /usr/local/apache2/logs, /etc/nginx/conf.d.
// What JSON and a mount's options can't say is a name that nobody gave in good faith.
bool can_be_named(const std::string& path) { return policy::is_normal_path(path) && to_text(path) == path; }

bool can_be_scratch(const std::string& folder) {
  if (!can_be_named(folder)) return false;
  if (folder.empty() || folder == "/usr/local" || folder == "/usr/share" || folder == "/var" || folder == "/opt" ||
      folder == "/home" || folder == "/srv" || folder == "/var/lib" || folder == "/usr/lib" || folder == "/etc/ssl")
    return false;
  return std::ranges::find(kOfTheImage, folder) == kOfTheImage.end() &&
         !(folder.starts_with("/usr/") && (folder.ends_with("/bin") || folder.ends_with("/sbin")));
}

std::string folder_of(std::string_view path) { return std::string(path.substr(0, path.rfind('/'))); }

const policy::Scratch* scratch_around(const std::vector<policy::Scratch>& all, std::string_view path) {
  const auto found = std::ranges::find_if(
      all, [&](const policy::Scratch& each) { return path != each.path && is_within(path, each.path); });
  return found == all.end() ? nullptr : &*found;
}

// Folders, and how many paths in each were written to.
using Folders = std::map<std::string, std::size_t>;

// Those that lie in no other one, which come before what lies in them.
Folders outermost(const Folders& folders) {
  Folders outer;
  for (const auto& [folder, paths] : folders) {
    const std::string* holder = &folder;
    for (std::string above = folder; !above.empty(); above = folder_of(above))
      if (const auto found = outer.find(above); found != outer.end()) holder = &found->first;
    outer[*holder] += paths;
  }
  return outer;
}

// Each is a mount, or two rules, of every container of the profile: those in which most was written. The rest goes to
// `beyond`.
std::set<std::string> most_used(const Folders& folders, std::vector<std::string>& beyond) {
  std::vector<std::pair<std::size_t, std::string>> sorted;
  for (const auto& [folder, paths] : folders) sorted.emplace_back(paths, folder);
  std::ranges::stable_sort(sorted, [](const auto& a, const auto& b) { return a.first > b.first; });
  std::set<std::string> kept;
  for (auto& [paths, folder] : sorted) {
    if (kept.size() < kMostFolders) {
      kept.insert(std::move(folder));
    } else {
      beyond.push_back(std::move(folder));
    }
  }
  return kept;
}

std::set<std::string> changed_paths(const Upper& upper) {
  std::set<std::string> changed;
  for (const auto* const paths : {&upper.created, &upper.written, &upper.deleted})
    for (const std::string& path : *paths)
      if (!is_of_the_engine(path)) changed.insert(path);
  return changed;
}

void add_scratch(const Observed& seen, const policy::Rootfs& parent, Settings& settings) {
  Folders folders;
  for (const std::string& path : changed_paths(seen.upper)) {
    const policy::Scratch* const known = scratch_around(parent.scratch, path);
    if (known != nullptr) {
      ++folders[known->path];
    } else if (std::ranges::find(parent.scratch, path, &policy::Scratch::path) != parent.scratch.end()) {
      ++folders[path];  // the folder itself was made, or changed
    } else if (can_be_scratch(folder_of(path))) {
      ++folders[folder_of(path)];
    } else {
      settings.read_only.push_back(path);
    }
  }
  // What was written and is gone in the end: a pid file.
  for (const auto& [path, file] : seen.files)
    if (const policy::Scratch* const known = scratch_around(parent.scratch, path); known != nullptr && file.use.write)
      ++folders[known->path];
  for (const std::string& folder : most_used(outermost(folders), settings.no_room)) {
    const auto known = std::ranges::find(parent.scratch, folder, &policy::Scratch::path);
    constexpr std::uint64_t kUsual = 64 * kMiB;
    settings.scratch.push_back(known != parent.scratch.end()
                                   ? *known
                                   : policy::Scratch{.path = folder, .size = kUsual, .exec = false, .if_exists = true});
  }
}

void keep_scratch(const policy::Rootfs& parent, std::string_view path, Settings& settings) {
  const auto known = std::ranges::find(parent.scratch, path, &policy::Scratch::path);
  if (known == parent.scratch.end()) return;
  if (std::ranges::find(settings.scratch, path, &policy::Scratch::path) == settings.scratch.end())
    settings.scratch.push_back(*known);
}

// Written to, and not in the writable layer: a volume.
void add_data(const Observed& seen, Settings& settings) {
  Folders folders;
  for (const auto& [path, file] : seen.files) {
    const std::string folder = folder_of(path);
    const bool in_layer = seen.upper.created.contains(path) || seen.upper.written.contains(path);
    const bool in_scratch = scratch_around(settings.scratch, path) != nullptr;
    if (file.use.write && !in_layer && !in_scratch && !is_of_the_engine(path) && can_be_scratch(folder))
      ++folders[folder];
  }
  const std::set<std::string> used = most_used(outermost(folders), settings.no_room);
  settings.data.assign(used.begin(), used.end());
}

void add_capabilities(const Observed& seen, const policy::Capabilities& parent, Settings& settings) {
  settings.has_capabilities = seen.has_capabilities;
  if (!seen.has_capabilities) return;
  for (const auto& [name, use] : seen.capabilities) {
    const auto capability = oci::parse_capability(name);
    if (capability && parent.allowed.has(*capability)) {
      settings.allowed.add(*capability);
    } else if (capability && parent.on_request.has(*capability)) {
      settings.on_request.add(*capability);
    } else {
      settings.refused.push_back(name);
    }
  }
}

struct Factor {
  std::uint64_t of;
  std::uint64_t by;
};
Factor factor_of(Headroom headroom) { return headroom == Headroom::strict ? Factor{3, 2} : Factor{2, 1}; }

std::uint64_t with_headroom(std::uint64_t peak, Headroom headroom, std::uint64_t spare, std::uint64_t step) {
  const auto [of, by] = factor_of(headroom);
  const std::uint64_t wanted = peak / by * of + spare;
  return (wanted + step - 1) / step * step;
}

// Nothing where nothing was measured, and where the parent gives no more than that.
std::optional<std::uint64_t> limit_of(std::uint64_t peak, std::uint64_t wanted, const policy::Limit& parent) {
  constexpr std::uint64_t kAbsurd = std::uint64_t{1} << 50U;
  if (peak == 0 || peak > kAbsurd) return std::nullopt;
  if (parent.when_unset && parent.when_unset->absolute && wanted >= *parent.when_unset->absolute) return std::nullopt;
  return wanted;
}

void add_limits(const Observed& seen, Headroom headroom, const policy::Policy& parent, Settings& settings) {
  const Peaks& peaks = seen.peaks;
  settings.memory = limit_of(peaks.memory, with_headroom(peaks.memory, headroom, 32 * kMiB, 16 * kMiB), parent.memory);
  settings.pids = limit_of(peaks.pids, with_headroom(peaks.pids, headroom, 16, 8), parent.pids);
  settings.cpu = limit_of(peaks.cpu, with_headroom(peaks.cpu, headroom, 250, 250), parent.cpu);
}

// A container that starts as root and becomes another user within a moment is easily sampled too late: then it has made
// one of these calls.
bool changes_user(const Observed& seen) {
  constexpr std::array<std::string_view, 5> kCalls = {"setuid", "setreuid", "setresuid", "setgroups", "setgid"};
  return std::ranges::any_of(kCalls, [&](std::string_view call) { return seen.calls.contains(std::string(call)); });
}

void add_users(const Observed& seen, const policy::User& parent, Settings& settings) {
  const bool may_be_root = seen.users.empty() || changes_user(seen);
  const auto is_root = [](const User& user) { return user.uid == 0; };
  const auto is_root_group = [](const User& user) { return user.gid == 0; };
  settings.root_allowed = parent.root_allowed && (may_be_root || std::ranges::any_of(seen.users, is_root));
  settings.root_group_allowed =
      parent.root_group_allowed && (may_be_root || std::ranges::any_of(seen.users, is_root_group));
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string(std::max<std::uint64_t>(bytes / kMiB, 1)) + "MiB"; }

oci::Value to_json(const policy::Scratch& scratch) {
  oci::Value json = {{"path", scratch.path}, {"size", mebibytes(scratch.size)}};
  if (scratch.exec) json["exec"] = true;
  if (scratch.if_exists) json["if_exists"] = true;
  return json;
}

std::vector<std::string> short_names(const oci::CapabilitySet& set) {
  std::vector<std::string> names = set.names();
  for (std::string& name : names) name = name.substr(std::string_view("CAP_").size());
  return names;
}

}  // namespace

Settings make_settings(const Observed& seen, Headroom headroom, const policy::Policy& parent) {
  Settings settings;
  add_capabilities(seen, parent.capabilities, settings);
  add_scratch(seen, parent.rootfs, settings);
  if (headroom != Headroom::strict) keep_scratch(parent.rootfs, "/tmp", settings);
  if (headroom != Headroom::strict) add_data(seen, settings);
  add_limits(seen, headroom, parent, settings);
  add_users(seen, parent.user, settings);
  return settings;
}

oci::Value to_json(const Settings& settings, const std::string& parent, const std::string& apparmor_name,
                   const std::string& description) {
  oci::Value rules = oci::Value::object();
  rules["seccomp"] = {{"baseline", "seccomp.json"}};
  rules["apparmor"] = {{"profile", apparmor_name}};
  if (settings.has_capabilities)
    rules["capabilities"] = {{"allowed", short_names(settings.allowed)},
                             {"on_request", short_names(settings.on_request)},
                             {"ambient", oci::Value::array()}};
  oci::Value scratch = oci::Value::array();
  for (const policy::Scratch& each : settings.scratch) scratch.push_back(to_json(each));
  rules["rootfs"] = {{"access", "read-only"}, {"scratch", std::move(scratch)}};
  // A share of the host beside it, as the parent has it: on a small host that is the smaller one.
  if (settings.memory) rules["memory"] = {{"when_unset", {"25%", mebibytes(*settings.memory)}}};
  if (settings.pids) rules["pids"] = {{"when_unset", *settings.pids}};
  constexpr double kOneCpu = 1000;
  if (settings.cpu) rules["cpu"] = {{"when_unset", {"50%", static_cast<double>(*settings.cpu) / kOneCpu}}};
  if (!settings.root_allowed) rules["user"]["root_allowed"] = false;
  if (!settings.root_group_allowed) rules["user"]["root_group_allowed"] = false;
  return {{"description", description}, {"extends", parent}, {"rules", std::move(rules)}};
}

}  // namespace runward::profiles

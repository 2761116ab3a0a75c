// SPDX-License-Identifier: Apache-2.0
#include "profiles/generator/make_apparmor.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <variant>

namespace runward::profiles {
namespace {

using apparmor::FileRule;
using apparmor::Pattern;
using apparmor::Permission;
using apparmor::Permissions;
using apparmor::Profile;
using apparmor::Rule;
using apparmor::Transition;

constexpr std::string_view kAnyPid = "@{pid}";

// Where an image has its libraries and shared data: the same for every container of it, and no secret.
constexpr std::array<std::string_view, 7> kSharedFolders = {
    "/usr/lib", "/usr/lib64", "/usr/share", "/usr/local/lib", "/usr/local/share", "/lib", "/lib64"};
// Never as a whole: who is who, keys, other processes, switches.
constexpr std::array<std::string_view, 7> kPrivateFolders = {"/etc", "/root", "/home", "/proc", "/sys", "/dev", "/run"};
constexpr std::size_t kManyShared = 8;  // files of one folder that become one rule
constexpr std::size_t kMany = 32;

// What a program may always ask for. Literal globs of ours.
struct Always {
  std::string_view glob;
  std::string_view permissions;
  bool portable_only = false;
};
constexpr std::array kAlways = {
    // Device nodes are what the device cgroup and the rule devices allow; fanotify does not look at them.
    Always{"/dev/", "r"},
    Always{"/dev/**", "rwk"},
    Always{"/dev/zero", "m"},
    Always{"/dev/shm/**", "rwkl"},
    Always{"/dev/mqueue/**", "rwk"},
    // Of itself, of its children and neighbours in its own pid namespace.
    Always{"/proc/", "r"},
    Always{"/proc/[0-9]*/", "r"},
    Always{"/proc/[0-9]*/**", "r"},
    Always{"/proc/[0-9]*/{,task/*/}{comm,oom_score_adj,coredump_filter,timerslack_ns}", "w"},
    Always{"/proc/[0-9]*/{,task/*/}fd/*", "rw"},
    // How many CPUs, how much memory, which clock: what a C library, an allocator or a language's runtime asks at
    // start.
    Always{"/proc/**", "r", true},
    Always{"/sys/devices/system/{cpu,node}/**", "r", true},
    Always{"/sys/kernel/mm/transparent_hugepage/*", "r", true},
    Always{"/sys/fs/cgroup/**", "r", true},
    // Names, addresses and time.
    Always{"/etc/{passwd,group,hosts,hostname,host.conf,resolv.conf,nsswitch.conf,gai.conf,services,protocols}", "r",
           true},
    Always{"/etc/{localtime,timezone,ld.so.cache,ld.so.preload,mime.types}", "r", true},
    Always{"/{usr/,}lib{,32,64,x32}/**", "r", true},
    Always{"/usr/local/lib/**", "r", true},
    Always{"/usr/share/**", "r", true},
    Always{"/{usr/,usr/local/,}lib{,32,64,x32}/**.so{,.*}", "m", true},
};

Permissions permissions_of(std::string_view letters) {
  Permissions all;
  for (const char letter : letters) {
    if (letter == 'r') all.add(Permission::read);
    if (letter == 'w') all.add(Permission::write);
    if (letter == 'k') all.add(Permission::lock);
    if (letter == 'l') all.add(Permission::link);
    if (letter == 'm') all.add(Permission::map);
  }
  return all;
}

std::string folder_of(std::string_view path) { return std::string(path.substr(0, path.rfind('/'))); }

bool is_within_any(std::string_view path, std::span<const std::string_view> folders) {
  return std::ranges::any_of(folders, [&](std::string_view folder) { return is_within(path, folder); });
}

// What one path needs.
struct Need {
  Permissions permissions;
  bool execute = false;
  bool directory = false;

  [[nodiscard]] bool is_read_only() const { return !execute && !directory && !permissions.has(Permission::write); }
};
using Needs = std::map<std::string, Need>;

Needs needs_of(const Observed& seen) {
  Needs needs;
  for (const auto& [path, file] : seen.files) {
    Need& need = needs[path];
    need.directory = file.use.directory;
    need.execute = file.use.execute && !file.use.directory;
    if (file.use.read || file.use.execute) need.permissions.add(Permission::read);
    if (file.use.map) need.permissions.add(Permission::map);
    if (file.use.write) need.permissions = need.permissions | permissions_of("rwk");
  }
  const Upper& upper = seen.upper;
  for (const auto* const changed : {&upper.created, &upper.written, &upper.deleted})
    for (const std::string& path : *changed) needs[path].permissions.add(Permission::write);
  return needs;
}

class Maker {
 public:
  Maker(const ApparmorWish& wish, Profile& profile) : wish_(wish), profile_(profile) {}

  Status add_files(const Needs& needs) {
    count_folders(needs);
    for (const Always& always : kAlways)
      if (!always.portable_only || wish_.headroom != Headroom::strict)
        SHIM_CHECK(add_glob(std::string(always.glob), permissions_of(always.permissions)));
    SHIM_CHECK(add_folders(wish_.scratch));
    SHIM_CHECK(add_folders(wish_.data));
    for (const auto& [path, need] : needs) SHIM_CHECK(add_file(path, need));
    return ok();
  }

 private:
  void count_folders(const Needs& needs) {
    for (const auto& [path, need] : needs)
      if (need.is_read_only()) ++counts_[folder_of(path)];
  }

  [[nodiscard]] bool is_folded(const std::string& folder) const {
    const auto count = counts_.find(folder);
    if (folder.empty() || count == counts_.end() || is_within_any(folder, kPrivateFolders)) return false;
    return count->second >= (is_within_any(folder, kSharedFolders) ? kManyShared : kMany);
  }

  [[nodiscard]] bool is_writable_folder(std::string_view path) const {
    const auto holds = [&](const std::string& folder) { return is_within(path, folder); };
    return std::ranges::any_of(wish_.scratch, holds) || std::ranges::any_of(wish_.data, holds);
  }

  Status add_file(const std::string& path, const Need& need) {
    if (is_writable_folder(path) && !need.execute && !need.permissions.has(Permission::map)) return ok();
    const std::string folder = folder_of(path);
    if (need.is_read_only() && is_folded(folder)) {
      SHIM_TRY(Pattern all, Pattern::glob(apparmor::escape(folder) + "/*"));
      add({.path = std::move(all), .permissions = need.permissions});
      return ok();
    }
    SHIM_TRY(Pattern pattern, pattern_of(path, need.directory));
    FileRule rule{.path = pattern, .permissions = need.permissions};
    if (need.execute) rule.transition = Transition::inherit;
    add(std::move(rule));
    if (need.directory || !need.permissions.has(Permission::write)) return ok();
    // Of what the writable layer tells: it may have been a folder, made or taken away.
    SHIM_TRY(Pattern as_folder, pattern_of(path, true));
    add({.path = std::move(as_folder), .permissions = permissions_of("rw")});
    return ok();
  }

  Status add_folders(const std::vector<std::string>& folders) {
    for (const std::string& folder : folders) {
      SHIM_CHECK(add_glob(apparmor::escape(folder) + "/", permissions_of("r")));
      SHIM_CHECK(add_glob(apparmor::escape(folder) + "/**", permissions_of("rwkl")));
    }
    return ok();
  }

  Status add_glob(const std::string& glob, Permissions permissions) {
    SHIM_TRY(Pattern pattern, Pattern::glob(glob));
    add({.path = std::move(pattern), .permissions = permissions});
    return ok();
  }

  void add(FileRule rule) {
    if (rule.permissions.empty() && !rule.transition) return;
    profile_.add({.body = std::move(rule)});
  }

  const ApparmorWish& wish_;
  Profile& profile_;
  std::map<std::string, std::size_t> counts_;
};

// --- what is not files ----------------------------------------------------------------------

struct FamilyNumber {
  std::uint64_t number;
  std::string_view name;
};
constexpr std::array kFamilyNumbers = {FamilyNumber{1, "unix"}, FamilyNumber{2, "inet"}, FamilyNumber{10, "inet6"},
                                       FamilyNumber{16, "netlink"}, FamilyNumber{17, "packet"}};

// Nothing: they are not known, and the parent's stay.
std::optional<std::set<std::string>> families_of(const Observed& seen, Headroom headroom) {
  std::set<std::string> families;
  if (headroom != Headroom::strict || seen.calls.contains("socketpair")) families.insert("unix");
  const auto call = seen.calls.find("socket");
  if (call == seen.calls.end()) return families;
  if (!call->second.has_all_arguments) return std::nullopt;
  for (const auto& values : call->second.arguments)
    for (const FamilyNumber& family : kFamilyNumbers)
      if (values.at(0) == family.number) families.emplace(family.name);
  const bool uses_ip = families.contains("inet") || families.contains("inet6");
  if (uses_ip && headroom != Headroom::strict) families.insert({"inet", "inet6"});
  return families;
}

std::string capability_word(std::string_view name) {
  std::string word;
  for (const char c : name.substr(name.starts_with("CAP_") ? 4 : 0))
    word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return word;
}

// A peer "runward-default" of the parent means itself.
void rename_peer(std::optional<Pattern>& peer, const std::string& from, const std::string& to) {
  if (!peer || !peer->text().starts_with(from)) return;
  const std::string rest = peer->text().substr(from.size());
  if (!rest.empty() && !rest.starts_with("//")) return;
  if (auto renamed = Pattern::glob(apparmor::escape(to) + rest)) peer = *std::move(renamed);
}

struct Kept {
  const std::string& from;
  const std::string& to;
  const std::optional<std::set<std::string>>& families;

  // Whether a rule of the parent that allows is taken over, and how.
  bool operator()(FileRule&) const { return false; }
  bool operator()(apparmor::CapabilityRule&) const { return false; }
  bool operator()(apparmor::NetworkRule& rule) const { return !families || families->contains(rule.family); }
  bool operator()(apparmor::UnixRule&) const { return !families || families->contains("unix"); }
  bool operator()(apparmor::SignalRule& rule) const {
    rename_peer(rule.peer, from, to);
    return true;
  }
  bool operator()(apparmor::PtraceRule& rule) const {
    rename_peer(rule.peer, from, to);
    return true;
  }
  bool operator()(apparmor::IncludeRule&) const { return false; }
  bool operator()(apparmor::MountRule&) const { return false; }
  bool operator()(apparmor::ChangeProfileRule&) const { return false; }
  bool operator()(apparmor::NewClassRule&) const { return true; }
};

}  // namespace

bool is_within(std::string_view path, std::string_view folder) {
  return path == folder || (path.starts_with(folder) && path.substr(folder.size()).starts_with('/'));
}

std::string example_of(std::string_view path, bool is_directory) {
  std::string example(path);
  if (path.starts_with("/proc/"))
    for (std::size_t at = 0; (at = example.find(kAnyPid, at)) != std::string::npos;) example.replace(at, 6, "17");
  if (is_directory && !example.ends_with('/')) example += '/';
  return example;
}

Result<apparmor::Pattern> pattern_of(std::string_view path, bool is_directory) {
  const std::string slash = is_directory && !path.ends_with('/') ? "/" : "";
  if (!path.starts_with("/proc/") || path.find(kAnyPid) == std::string_view::npos)
    return apparmor::exact_path(std::string(path) + slash);
  SHIM_CHECK(apparmor::exact_path(path));
  std::string glob;
  for (std::size_t at = path.find(kAnyPid); at != std::string_view::npos; at = path.find(kAnyPid)) {
    glob.append(apparmor::escape(path.substr(0, at))).append("[0-9]*");
    path.remove_prefix(at + kAnyPid.size());
  }
  return Pattern::glob(glob + apparmor::escape(path) + slash);
}

Result<apparmor::Profile> make_apparmor(const Observed& seen, const ApparmorWish& wish,
                                        const apparmor::Profile& parent) {
  Profile profile{.name = wish.name, .flags = parent.flags};
  const auto families = families_of(seen, wish.headroom);
  for (Rule rule : parent.rules)
    if (rule.deny || std::visit(Kept{parent.name, wish.name, families}, rule.body)) profile.add(std::move(rule));
  for (const std::string& capability : wish.capabilities)
    profile.add({.body = apparmor::CapabilityRule{.name = capability_word(capability)}});
  Maker maker(wish, profile);
  SHIM_CHECK(maker.add_files(needs_of(seen)));
  return profile;
}

}  // namespace runward::profiles

// SPDX-License-Identifier: Apache-2.0
#include "shim/policy/profile_parser.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "shim/policy/object_reader.h"
#include "shim/policy/read_values.h"

namespace runward::policy {
namespace {

struct Target {
  Policy& policy;
  const std::string& directory;
  RuleId rule = RuleId::spec_sane;  // the one being read
};

using ProfileKey = Key<Target>;

constexpr std::array<std::string_view, 8> kNamespaces = {"pid", "network", "mount",  "ipc",
                                                         "uts", "user",    "cgroup", "time"};
constexpr std::string_view kNone = "none";

bool is_text(const Reader& value, std::string_view text) {
  return value.value().is_string() && value.value().get_ref<const std::string&>() == text;
}

void read_on_excess(const Reader& value, Target& target) {
  OnExcess& on_excess = target.policy.rule(target.rule).on_excess;
  if (is_text(value, "refuse")) {
    on_excess = OnExcess::refuse;
  } else if (is_text(value, "strip")) {
    on_excess = OnExcess::strip;
  } else {
    value.fail(R"(expected "refuse" or "strip")");
  }
}

void read_rule_mode(const Reader& value, Target& target) {
  if (const auto mode = read_mode(value)) target.policy.rule(target.rule).mode = *mode;
}

void read_gids(const Reader& value, std::set<std::uint32_t>& gids) {
  value.each_item([&](const Reader& item) {
    const auto gid = item.count(0, std::numeric_limits<std::uint32_t>::max() - 1);
    if (gid) gids.insert(static_cast<std::uint32_t>(*gid));
  });
}

// A file in the profile's own folder, or another shipped profile's filter.
void read_baseline(const Reader& value, Target& target) {
  constexpr std::string_view kExpected = R"(expected the name of a file beside the profile, or "builtin:NAME")";
  constexpr std::string_view kBuiltin = "builtin:";
  const auto text = value.text(kExpected);
  if (!text) return;
  const bool names_builtin =
      text->starts_with(kBuiltin) && is_profile_name(std::string_view(*text).substr(kBuiltin.size()));
  const bool names_file =
      text->ends_with(".json") && text->find('/') == std::string::npos && is_normal_path("/" + *text);
  if (!names_builtin && !names_file) return value.fail(kExpected);
  const bool in_builtin = target.directory.starts_with(kBuiltin);
  target.policy.seccomp.baseline =
      names_builtin ? *text : (in_builtin ? target.directory : target.directory + "/" + *text);
}

void read_apparmor_profile(const Reader& value, Target& target) {
  constexpr std::string_view kExpected = R"(expected the name of an AppArmor profile, not "unconfined")";
  auto text = value.text(kExpected);
  if (!text) return;
  const bool printable = std::ranges::all_of(*text, [](char c) { return c > 0x20 && c < 0x7f; });
  if (text->empty() || !printable || *text == "unconfined") return value.fail(kExpected);
  target.policy.apparmor.profile = std::move(*text);
}

void read_root_access(const Reader& value, Target& target) {
  if (is_text(value, "read-only")) {
    target.policy.rootfs.mode = RootfsMode::read_only;
  } else if (is_text(value, "ephemeral")) {
    target.policy.rootfs.mode = RootfsMode::ephemeral;
  } else if (is_text(value, "writable")) {
    target.policy.rootfs.mode = RootfsMode::writable;
  } else {
    value.fail(R"(expected "read-only", "ephemeral" or "writable")");
  }
}

void read_ephemeral_size(const Reader& value, Target& target) {
  if (const auto size = read_bytes(value)) target.policy.rootfs.ephemeral_size = *size;
}

void read_user_namespace_use(const Reader& value, Target& target) {
  UserNamespaceUse& use = target.policy.user_namespaces.use;
  if (is_text(value, "auto")) {
    use = UserNamespaceUse::automatic;
  } else if (is_text(value, "require")) {
    use = UserNamespaceUse::require;
  } else if (is_text(value, "off")) {
    use = UserNamespaceUse::off;
  } else {
    value.fail(R"(expected "auto", "require" or "off")");
  }
}

void read_unmappable(const Reader& value, Target& target) {
  Unmappable& unmappable = target.policy.user_namespaces.unmappable;
  if (is_text(value, "refuse")) {
    unmappable = Unmappable::refuse;
  } else if (is_text(value, "unmapped")) {
    unmappable = Unmappable::unmapped;
  } else if (is_text(value, "copy")) {
    unmappable = Unmappable::copy;
  } else {
    value.fail(R"(expected "refuse", "unmapped" or "copy")");
  }
}

// What the engine and the runtime mount themselves; a tmpfs over it would take masked paths and devices away.
bool is_system_folder(std::string_view path) {
  constexpr std::array<std::string_view, 3> kSystem = {"/proc", "/sys", "/dev"};
  return path == "/" || std::ranges::any_of(kSystem, [&](std::string_view folder) {
           return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
         });
}

constexpr std::array kScratchKeys = {
    Key<Scratch>{"", "path",
                 [](const Reader& value, Scratch& scratch) {
                   auto path = read_path(value);
                   if (path && is_system_folder(*path))
                     return value.fail("expected no path at or below /, /proc, /sys or /dev");
                   if (path) scratch.path = std::move(*path);
                 }},
    Key<Scratch>{"", "size",
                 [](const Reader& value, Scratch& scratch) { scratch.size = read_bytes(value).value_or(0); }},
    Key<Scratch>{"", "exec", [](const Reader& value, Scratch& scratch) { value.to(scratch.exec); }},
    Key<Scratch>{"", "if_exists", [](const Reader& value, Scratch& scratch) { value.to(scratch.if_exists); }},
};

// A path that is there already gets the new size: a child profile adds more room to /tmp that way.
void put_scratch(std::vector<Scratch>& list, Scratch scratch) {
  const auto same = std::ranges::find(list, scratch.path, &Scratch::path);
  if (same == list.end()) {
    list.push_back(std::move(scratch));
  } else {
    *same = std::move(scratch);
  }
}

void read_scratch(const Reader& value, Target& target) {
  value.each_item([&](const Reader& item) {
    Scratch scratch;
    read_section<Scratch>(kScratchKeys, "", item, scratch);
    if (scratch.path.empty() || scratch.size == 0)
      return item.fail(R"(expected {"path": …, "size": …}, and "exec" or "if_exists" where needed)");
    put_scratch(target.policy.rootfs.scratch, std::move(scratch));
  });
}

void read_device_paths(const Reader& value, std::vector<std::string>& target) {
  value.each_item([&](const Reader& item) {
    auto path = read_path(item);
    if (path && !path->starts_with("/dev/")) return item.fail("expected a path below /dev");
    if (path) add_once(target, std::move(*path));
  });
}

void read_limit(const Reader& value, std::optional<Amount>& amount, ReadAmount read) {
  if (is_text(value, kNone)) {
    amount.reset();
  } else {
    amount = read(value);
  }
}

std::optional<std::uint64_t> rlimit_value(const Reader& value) {
  if (is_text(value, "unlimited")) return std::numeric_limits<std::uint64_t>::max();
  if (value.value().is_number_unsigned()) return value.value().get<std::uint64_t>();
  value.fail(R"(expected a whole number, "unlimited", {"soft": …, "hard": …}, or "none" for no limit of ours)");
  return std::nullopt;
}

constexpr std::array kRlimitKeys = {
    Key<Rlimit>{"", "soft", [](const Reader& value, Rlimit& limit) { limit.soft = rlimit_value(value).value_or(0); }},
    Key<Rlimit>{"", "hard", [](const Reader& value, Rlimit& limit) { limit.hard = rlimit_value(value).value_or(0); }},
};

void read_rlimit(const Reader& value, Target& target) {
  std::string name = "RLIMIT_" + value.key();
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  if (is_text(value, kNone)) {
    target.policy.rlimits.erase(name);
    return;
  }
  Rlimit limit;
  if (value.value().is_object()) {
    read_section<Rlimit>(kRlimitKeys, "", value, limit);
    if (!value.value().contains("soft") || !value.value().contains("hard"))
      return value.fail(R"(expected both "soft" and "hard")");
    if (limit.soft > limit.hard) return value.fail("expected a soft limit not above the hard one");
  } else {
    const auto both = rlimit_value(value);
    limit = {.soft = both.value_or(0), .hard = both.value_or(0)};
  }
  target.policy.rlimits[name] = limit;
}

void read_oom_score(const Reader& value, Target& target) {
  constexpr std::int64_t kMost = 1000;
  const oci::Value& number = value.value();
  const auto score = number.is_number_integer() ? number.get<std::int64_t>() : kMost + 1;
  // An unsigned number above the signed ones would come out negative.
  const bool too_large = number.is_number_unsigned() && number.get<std::uint64_t>() > std::uint64_t{kMost};
  if (too_large || score < -kMost || score > kMost) return value.fail("expected a whole number from -1000 to 1000");
  target.policy.oom_score_min = score;
}

// Rows for the shapes that come again and again. FIELD is a member of Policy.
#define RUNWARD_FLAG(rule, key, field)                                                    \
  ProfileKey {                                                                            \
    rule, key, [](const Reader& value, Target& target) { value.to(target.policy.field); } \
  }
#define RUNWARD_LIST(rule, key, field, read)                                                  \
  ProfileKey {                                                                                \
    rule, key, [](const Reader& value, Target& target) { read(value, target.policy.field); }, \
        [](Target& target) { target.policy.field = {}; }                                      \
  }
#define RUNWARD_LIMIT(rule, key, field, read)                                                            \
  ProfileKey {                                                                                           \
    rule, key, [](const Reader& value, Target& target) { read_limit(value, target.policy.field, read); } \
  }
#define RUNWARD_RLIMIT(key) \
  ProfileKey { "rlimits", key, read_rlimit }

constexpr std::array kProfileKeys = {
    ProfileKey{kEverySection, "mode", read_rule_mode},
    ProfileKey{kEverySection, "on_excess", read_on_excess},
    RUNWARD_LIST("image", "allowed", image.allowed, read_images),
    ProfileKey{"namespaces", "host_allowed",
               [](const Reader& value, Target& target) {
                 read_words(value, target.policy.namespaces.host_allowed, kNamespaces);
               },
               [](Target& target) { target.policy.namespaces.host_allowed = {}; }},
    RUNWARD_FLAG("namespaces", "join_containers", namespaces.join_containers),
    ProfileKey{"user-namespace", "use", read_user_namespace_use},
    ProfileKey{"user-namespace", "unmappable", read_unmappable},
    RUNWARD_FLAG("user", "root_allowed", user.root_allowed),
    RUNWARD_FLAG("user", "root_group_allowed", user.root_group_allowed),
    RUNWARD_LIST("user", "dropped_gids", user.dropped_gids, read_gids),
    RUNWARD_LIST("capabilities", "allowed", capabilities.allowed, read_capabilities),
    RUNWARD_LIST("capabilities", "on_request", capabilities.on_request, read_capabilities),
    RUNWARD_LIST("capabilities", "ambient", capabilities.ambient, read_capabilities),
    ProfileKey{"seccomp", "baseline", read_baseline},
    RUNWARD_FLAG("seccomp", "log_denials", seccomp.log_denials),
    ProfileKey{"apparmor", "profile", read_apparmor_profile},
    RUNWARD_FLAG("apparmor", "required", apparmor.required),
    ProfileKey{"rootfs", "access", read_root_access},
    ProfileKey{"rootfs", "ephemeral_size", read_ephemeral_size},
    ProfileKey{"rootfs", "scratch", read_scratch, [](Target& target) { target.policy.rootfs.scratch = {}; }},
    RUNWARD_LIST("mounts", "denied_sources", mounts.denied_sources, read_paths),
    RUNWARD_LIST("mounts", "allowed_sources", mounts.allowed_sources, read_paths),
    RUNWARD_FLAG("mounts", "only_allowed", mounts.only_allowed),
    RUNWARD_LIST("mounts", "types", mounts.types, read_words),
    RUNWARD_FLAG("mounts", "noexec", mounts.noexec),
    RUNWARD_FLAG("mounts", "tmpfs_exec", mounts.tmpfs_exec),
    RUNWARD_LIST("masked-paths", "masked", masked_paths.masked, read_paths),
    RUNWARD_LIST("masked-paths", "read_only", masked_paths.read_only, read_paths),
    RUNWARD_LIST("devices", "allowed", devices.allowed, read_device_paths),
    RUNWARD_LIMIT("memory", "when_unset", memory.when_unset, read_memory),
    RUNWARD_LIMIT("memory", "ceiling", memory.ceiling, read_memory),
    RUNWARD_LIMIT("cpu", "when_unset", cpu.when_unset, read_cpus),
    RUNWARD_LIMIT("cpu", "ceiling", cpu.ceiling, read_cpus),
    RUNWARD_LIMIT("pids", "when_unset", pids.when_unset, read_pids),
    RUNWARD_LIMIT("pids", "ceiling", pids.ceiling, read_pids),
    RUNWARD_LIST("unified", "allowed", unified_keys, read_words),
    RUNWARD_RLIMIT("as"),
    RUNWARD_RLIMIT("core"),
    RUNWARD_RLIMIT("cpu"),
    RUNWARD_RLIMIT("data"),
    RUNWARD_RLIMIT("fsize"),
    RUNWARD_RLIMIT("locks"),
    RUNWARD_RLIMIT("memlock"),
    RUNWARD_RLIMIT("msgqueue"),
    RUNWARD_RLIMIT("nice"),
    RUNWARD_RLIMIT("nofile"),
    RUNWARD_RLIMIT("nproc"),
    RUNWARD_RLIMIT("rss"),
    RUNWARD_RLIMIT("rtprio"),
    RUNWARD_RLIMIT("rttime"),
    RUNWARD_RLIMIT("sigpending"),
    RUNWARD_RLIMIT("stack"),
    ProfileKey{"oom-score", "min", read_oom_score},
    RUNWARD_LIST("sysctl", "allowed", sysctls, read_patterns),
    RUNWARD_LIST("cgroup-path", "allowed_parents", cgroup_parents, read_patterns),
    RUNWARD_LIST("hooks", "allowed", hook_paths, read_paths),
    RUNWARD_LIST("annotations", "denied", annotations_denied, read_patterns),
    RUNWARD_LIST("annotations", "allowed", annotations_allowed, read_patterns),
};

#undef RUNWARD_FLAG
#undef RUNWARD_LIST
#undef RUNWARD_LIMIT
#undef RUNWARD_RLIMIT

void read_rule(const Reader& member, Target& target) {
  const auto rule = parse_rule_name(member.key());
  if (!rule) return member.fail(unknown_rule(member.key()));
  target.rule = *rule;
  if (member.value().is_string()) return read_rule_mode(member, target);
  if (!member.value().is_object())
    return member.fail(R"(expected "enforce", "audit", "off", or an object of settings)");
  read_section<Target>(kProfileKeys, member.key(), member, target);
}

constexpr std::array kTopKeys = {
    Key<Target>{"", "$schema", [](const Reader& value, Target&) { static_cast<void>(value.text()); }},
    Key<Target>{"", "description", [](const Reader& value, Target&) { static_cast<void>(value.text()); }},
    Key<Target>{"", "extends", [](const Reader& value, Target&) { static_cast<void>(read_profile_name(value)); }},
    Key<Target>{"", "rules",
                [](const Reader& value, Target& target) {
                  value.each_member([&](const Reader& member) { read_rule(member, target); });
                }},
};

}  // namespace

Result<ParsedProfile> parse_profile(ProfileDocument document) {
  auto value = oci::parse(document.text, document.name, kPolicyFileLimits);
  if (!value) return make_error(ErrorKind::policy, value.error().message);
  ParsedProfile profile{.document = std::move(document), .value = *std::move(value), .parent = {}};
  const oci::Value* parent = oci::find(profile.value, std::string_view("extends"));
  if (parent == nullptr) return profile;
  // Checked here already: the next thing that happens to this name is that it becomes part of a path.
  if (!parent->is_string() || !is_profile_name(parent->get_ref<const std::string&>())) {
    Source source(profile.document.text, profile.document.name);
    source.fail(oci::Pointer("/extends"), kProfileNameExpected);
    SHIM_CHECK(source.status());
  }
  profile.parent = parent->get<std::string>();
  return profile;
}

Status apply_profile(const ParsedProfile& profile, Policy& policy) {
  Source source(profile.document.text, profile.document.name);
  Target target{.policy = policy, .directory = profile.document.directory};
  read_section<Target>(kTopKeys, "", Reader(source, profile.value), target);
  return source.status();
}

Result<std::optional<std::string>> parent_of(const ProfileDocument& document) {
  SHIM_TRY(const ParsedProfile profile, parse_profile(document));
  Policy scratch;
  SHIM_CHECK(apply_profile(profile, scratch));
  return profile.parent;
}

Status apply_profile(const ProfileDocument& document, Policy& policy) {
  SHIM_TRY(const ParsedProfile profile, parse_profile(document));
  return apply_profile(profile, policy);
}

std::vector<KnownKey> profile_keys() {
  std::vector<KnownKey> keys;
  keys.reserve(kProfileKeys.size());
  for (const ProfileKey& key : kProfileKeys)
    keys.push_back({.section = key.section, .name = key.name, .is_list = key.clear != nullptr});
  return keys;
}

}  // namespace runward::policy

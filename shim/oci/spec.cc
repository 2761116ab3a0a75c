// SPDX-License-Identifier: Apache-2.0
#include "shim/oci/spec.h"

#include <algorithm>

namespace runward::oci {
namespace {

const Value& empty_object() {
  static const Value kEmpty = Value::object();
  return kEmpty;
}

const Value& part(const Value& parent, std::string_view key) {
  const Value* const found = find(parent, key);
  return found == nullptr ? empty_object() : *found;
}

template <typename T>
std::optional<T> get(const Value& object, std::string_view key) {
  const Value* const found = find(object, key);
  if (found == nullptr) return std::nullopt;
  return found->get<T>();
}

// Both are read for each mount in each of several rules. At another type get_ref throws a type_error,
// as get() does.
std::string text(const Value& object, std::string_view key) {
  const Value* const found = find(object, key);
  return found == nullptr ? std::string() : found->get_ref<const std::string&>();
}

std::optional<Strings> texts(const Value& object, std::string_view key) {
  const Value* const found = find(object, key);
  if (found == nullptr) return std::nullopt;
  const auto& items = found->get_ref<const Value::array_t&>();
  std::optional<Strings> all(std::in_place);
  all->reserve(items.size());
  for (const Value& item : items) all->push_back(item.get_ref<const std::string&>());
  return all;
}

// The elements of an array of objects, each read by `read`; a null element reads as an empty object.
template <typename Read>
auto list(const Value& object, std::string_view key, Read read) {
  std::vector<decltype(read(object))> items;
  if (const Value* const found = find(object, key))
    for (const Value& item : *found) items.push_back(read(item));
  return items;
}

// Kinds that this build does not know were not looked into by check_shape, so nothing is taken for granted.
Hook read_hook(Pointer where, const Value& entry) {
  Hook hook{.where = std::move(where), .path = {}, .first_argument = {}};
  if (const Value* const path = find(entry, "path"); path != nullptr && path->is_string())
    hook.path = path->get<std::string>();
  if (const Value* const args = find(entry, "args"); args != nullptr && args->is_array() && !args->empty())
    if (args->front().is_string()) hook.first_argument = args->front().get<std::string>();
  return hook;
}

std::map<std::string, std::string> string_map(const Value& object, std::string_view key) {
  return get<std::map<std::string, std::string>>(object, key).value_or(std::map<std::string, std::string>());
}

}  // namespace

std::uint64_t Process::uid() const { return get<std::uint64_t>(part(*value_, "user"), "uid").value_or(0); }
std::uint64_t Process::gid() const { return get<std::uint64_t>(part(*value_, "user"), "gid").value_or(0); }
std::vector<std::uint64_t> Process::additional_gids() const {
  return get<std::vector<std::uint64_t>>(part(*value_, "user"), "additionalGids")
      .value_or(std::vector<std::uint64_t>());
}
Strings Process::args() const { return texts(*value_, "args").value_or(Strings()); }
std::string Process::cwd() const { return get<std::string>(*value_, "cwd").value_or(""); }
Strings Process::env() const { return texts(*value_, "env").value_or(Strings()); }
bool Process::no_new_privileges() const { return get<bool>(*value_, "noNewPrivileges").value_or(false); }
std::optional<std::string> Process::apparmor_profile() const { return get<std::string>(*value_, "apparmorProfile"); }
std::optional<std::string> Process::selinux_label() const { return get<std::string>(*value_, "selinuxLabel"); }
std::optional<std::int64_t> Process::oom_score_adj() const { return get<std::int64_t>(*value_, "oomScoreAdj"); }

std::vector<Rlimit> Process::rlimits() const {
  return list(*value_, "rlimits", [](const Value& item) {
    return Rlimit{.type = text(item, "type"),
                  .soft = get<std::uint64_t>(item, "soft").value_or(0),
                  .hard = get<std::uint64_t>(item, "hard").value_or(0)};
  });
}

std::optional<Strings> Process::capabilities(std::string_view set) const {
  return texts(part(*value_, "capabilities"), set);
}

CapabilitySet Process::capability_set(std::string_view set) const {
  CapabilitySet known;
  for (const std::string& name : capabilities(set).value_or(Strings()))
    if (const auto capability = parse_capability(name)) known.add(*capability);
  return known;
}

CapabilitySet Process::all_capabilities() const {
  CapabilitySet all;
  for (const std::string_view set : kCapabilitySets) all = all | capability_set(set);
  return all;
}

std::optional<std::int64_t> LinuxResources::integer(std::string_view group, std::string_view key) const {
  const Value* const found = find(part(*value_, group), key);
  if (found == nullptr) return std::nullopt;
  if (found->is_number_unsigned() && found->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    return INT64_MAX;
  return found->get<std::int64_t>();
}

std::vector<DeviceRule> LinuxResources::devices() const {
  return list(*value_, "devices", [](const Value& item) {
    const std::string type = text(item, "type");
    return DeviceRule{.allow = get<bool>(item, "allow").value_or(false),
                      .type = type.empty() ? "a" : type,
                      .major = get<std::int64_t>(item, "major").value_or(-1),
                      .minor = get<std::int64_t>(item, "minor").value_or(-1),
                      .access = text(item, "access")};
  });
}

Strings LinuxResources::unified_keys() const {
  Strings keys;
  for (const auto& [key, value] : string_map(*value_, "unified")) keys.push_back(key);
  return keys;
}

bool Mount::has(std::string_view option) const { return std::ranges::find(options, option) != options.end(); }

std::string Spec::oci_version() const { return text(*value_, "ociVersion"); }
std::string Spec::root_path() const { return text(part(*value_, "root"), "path"); }
bool Spec::root_readonly() const { return get<bool>(part(*value_, "root"), "readonly").value_or(false); }
bool Spec::has_process() const { return find(*value_, "process") != nullptr; }
Process Spec::process() const { return Process(part(*value_, "process")); }
LinuxResources Spec::resources() const { return LinuxResources(part(part(*value_, "linux"), "resources")); }

std::vector<Mount> Spec::mounts() const {
  return list(*value_, "mounts", [](const Value& item) {
    return Mount{.destination = text(item, "destination"),
                 .type = text(item, "type"),
                 .source = text(item, "source"),
                 .options = texts(item, "options").value_or(Strings())};
  });
}

std::vector<Namespace> Spec::namespaces() const {
  return list(part(*value_, "linux"), "namespaces",
              [](const Value& item) { return Namespace{.type = text(item, "type"), .path = text(item, "path")}; });
}

bool Spec::has_namespace(std::string_view type) const {
  return std::ranges::any_of(namespaces(), [&](const Namespace& entry) { return entry.type == type; });
}

std::vector<Device> Spec::devices() const {
  return list(part(*value_, "linux"), "devices", [](const Value& item) {
    return Device{.path = text(item, "path"),
                  .type = text(item, "type"),
                  .major = get<std::int64_t>(item, "major").value_or(-1),
                  .minor = get<std::int64_t>(item, "minor").value_or(-1)};
  });
}

std::vector<Hook> Spec::hooks() const {
  std::vector<Hook> all;
  for (const auto& [kind, entries] : part(*value_, "hooks").items()) {
    if (!entries.is_array()) continue;
    for (std::size_t i = 0; i < entries.size(); ++i) all.push_back(read_hook(Pointer("/hooks") / kind / i, entries[i]));
  }
  return all;
}

std::map<std::string, std::string> Spec::annotations() const { return string_map(*value_, "annotations"); }
std::map<std::string, std::string> Spec::sysctl() const { return string_map(part(*value_, "linux"), "sysctl"); }

Strings Spec::masked_paths() const { return texts(part(*value_, "linux"), "maskedPaths").value_or(Strings()); }
Strings Spec::readonly_paths() const { return texts(part(*value_, "linux"), "readonlyPaths").value_or(Strings()); }
std::string Spec::cgroups_path() const { return text(part(*value_, "linux"), "cgroupsPath"); }
std::string Spec::rootfs_propagation() const { return text(part(*value_, "linux"), "rootfsPropagation"); }
const Value* Spec::seccomp() const { return find(part(*value_, "linux"), "seccomp"); }

}  // namespace runward::oci

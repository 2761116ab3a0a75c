// SPDX-License-Identifier: Apache-2.0
#include "shim/oci/shape.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

namespace runward::oci {
namespace {

using enum FieldType;

constexpr std::array kFields = {
    Field{"ociVersion", string},
    Field{"hostname", string},
    Field{"domainname", string},
    Field{"annotations", string_map},
    Field{"root", object},
    Field{"root.path", string},
    Field{"root.readonly", boolean},
    Field{"mounts", objects},
    Field{"mounts[].destination", string},
    Field{"mounts[].type", string},
    Field{"mounts[].source", string},
    Field{"mounts[].options", strings},
    Field{"mounts[].uidMappings", objects},
    Field{"mounts[].uidMappings[].containerID", unsigned_integer},
    Field{"mounts[].uidMappings[].hostID", unsigned_integer},
    Field{"mounts[].uidMappings[].size", unsigned_integer},
    Field{"mounts[].gidMappings", objects},
    Field{"mounts[].gidMappings[].containerID", unsigned_integer},
    Field{"mounts[].gidMappings[].hostID", unsigned_integer},
    Field{"mounts[].gidMappings[].size", unsigned_integer},
    Field{"hooks", object},
    Field{"hooks.prestart", objects},
    Field{"hooks.prestart[].path", string},
    Field{"hooks.prestart[].args", strings},
    Field{"hooks.prestart[].env", strings},
    Field{"hooks.prestart[].timeout", signed_integer},
    Field{"hooks.createRuntime", objects},
    Field{"hooks.createRuntime[].path", string},
    Field{"hooks.createRuntime[].args", strings},
    Field{"hooks.createRuntime[].env", strings},
    Field{"hooks.createRuntime[].timeout", signed_integer},
    Field{"hooks.createContainer", objects},
    Field{"hooks.createContainer[].path", string},
    Field{"hooks.createContainer[].args", strings},
    Field{"hooks.createContainer[].env", strings},
    Field{"hooks.createContainer[].timeout", signed_integer},
    Field{"hooks.startContainer", objects},
    Field{"hooks.startContainer[].path", string},
    Field{"hooks.startContainer[].args", strings},
    Field{"hooks.startContainer[].env", strings},
    Field{"hooks.startContainer[].timeout", signed_integer},
    Field{"hooks.poststart", objects},
    Field{"hooks.poststart[].path", string},
    Field{"hooks.poststart[].args", strings},
    Field{"hooks.poststart[].env", strings},
    Field{"hooks.poststart[].timeout", signed_integer},
    Field{"hooks.poststop", objects},
    Field{"hooks.poststop[].path", string},
    Field{"hooks.poststop[].args", strings},
    Field{"hooks.poststop[].env", strings},
    Field{"hooks.poststop[].timeout", signed_integer},
    Field{"process", object},
    Field{"process.terminal", boolean},
    Field{"process.consoleSize", object},
    Field{"process.consoleSize.height", unsigned_integer},
    Field{"process.consoleSize.width", unsigned_integer},
    Field{"process.user", object},
    Field{"process.user.uid", unsigned_integer},
    Field{"process.user.gid", unsigned_integer},
    Field{"process.user.umask", unsigned_integer},
    Field{"process.user.additionalGids", integers},
    Field{"process.user.username", string},
    Field{"process.args", strings},
    Field{"process.commandLine", string},
    Field{"process.env", strings},
    Field{"process.cwd", string},
    Field{"process.capabilities", object},
    Field{"process.capabilities.bounding", strings},
    Field{"process.capabilities.effective", strings},
    Field{"process.capabilities.inheritable", strings},
    Field{"process.capabilities.permitted", strings},
    Field{"process.capabilities.ambient", strings},
    Field{"process.rlimits", objects},
    Field{"process.rlimits[].type", string},
    Field{"process.rlimits[].hard", unsigned_integer},
    Field{"process.rlimits[].soft", unsigned_integer},
    Field{"process.noNewPrivileges", boolean},
    Field{"process.apparmorProfile", string},
    Field{"process.oomScoreAdj", signed_integer},
    Field{"process.selinuxLabel", string},
    Field{"process.scheduler", object},
    Field{"process.scheduler.policy", string},
    Field{"process.scheduler.nice", signed_integer},
    Field{"process.scheduler.priority", signed_integer},
    Field{"process.scheduler.flags", strings},
    Field{"process.scheduler.runtime", unsigned_integer},
    Field{"process.scheduler.deadline", unsigned_integer},
    Field{"process.scheduler.period", unsigned_integer},
    Field{"process.ioPriority", object},
    Field{"process.ioPriority.class", string},
    Field{"process.ioPriority.priority", signed_integer},
    Field{"process.execCPUAffinity", object},
    Field{"process.execCPUAffinity.initial", string},
    Field{"process.execCPUAffinity.final", string},
    Field{"linux", object},
    Field{"linux.uidMappings", objects},
    Field{"linux.uidMappings[].containerID", unsigned_integer},
    Field{"linux.uidMappings[].hostID", unsigned_integer},
    Field{"linux.uidMappings[].size", unsigned_integer},
    Field{"linux.gidMappings", objects},
    Field{"linux.gidMappings[].containerID", unsigned_integer},
    Field{"linux.gidMappings[].hostID", unsigned_integer},
    Field{"linux.gidMappings[].size", unsigned_integer},
    Field{"linux.sysctl", string_map},
    Field{"linux.cgroupsPath", string},
    Field{"linux.namespaces", objects},
    Field{"linux.namespaces[].type", string},
    Field{"linux.namespaces[].path", string},
    Field{"linux.timeOffsets", any_map},
    Field{"linux.netDevices", any_map},
    Field{"linux.devices", objects},
    Field{"linux.devices[].path", string},
    Field{"linux.devices[].type", string},
    Field{"linux.devices[].major", signed_integer},
    Field{"linux.devices[].minor", signed_integer},
    Field{"linux.devices[].fileMode", unsigned_integer},
    Field{"linux.devices[].uid", unsigned_integer},
    Field{"linux.devices[].gid", unsigned_integer},
    Field{"linux.seccomp", object},
    Field{"linux.seccomp.defaultAction", string},
    Field{"linux.seccomp.defaultErrnoRet", unsigned_integer},
    Field{"linux.seccomp.architectures", strings},
    Field{"linux.seccomp.flags", strings},
    Field{"linux.seccomp.listenerPath", string},
    Field{"linux.seccomp.listenerMetadata", string},
    Field{"linux.seccomp.syscalls", objects},
    Field{"linux.seccomp.syscalls[].names", strings},
    Field{"linux.seccomp.syscalls[].action", string},
    Field{"linux.seccomp.syscalls[].errnoRet", unsigned_integer},
    Field{"linux.seccomp.syscalls[].args", objects},
    Field{"linux.seccomp.syscalls[].args[].index", unsigned_integer},
    Field{"linux.seccomp.syscalls[].args[].value", unsigned_integer},
    Field{"linux.seccomp.syscalls[].args[].valueTwo", unsigned_integer},
    Field{"linux.seccomp.syscalls[].args[].op", string},
    Field{"linux.rootfsPropagation", string},
    Field{"linux.maskedPaths", strings},
    Field{"linux.readonlyPaths", strings},
    Field{"linux.mountLabel", string},
    Field{"linux.intelRdt", object},
    Field{"linux.intelRdt.closID", string},
    Field{"linux.intelRdt.l3CacheSchema", string},
    Field{"linux.intelRdt.memBwSchema", string},
    Field{"linux.intelRdt.schemata", strings},
    Field{"linux.intelRdt.enableCMT", boolean},
    Field{"linux.intelRdt.enableMBM", boolean},
    Field{"linux.intelRdt.enableMonitoring", boolean},
    Field{"linux.personality", object},
    Field{"linux.personality.domain", string},
    Field{"linux.personality.flags", strings},
    Field{"linux.memoryPolicy", object},
    Field{"linux.memoryPolicy.mode", string},
    Field{"linux.memoryPolicy.nodes", string},
    Field{"linux.memoryPolicy.flags", strings},
    Field{"linux.resources", object},
    Field{"linux.resources.devices", objects},
    Field{"linux.resources.devices[].allow", boolean},
    Field{"linux.resources.devices[].type", string},
    Field{"linux.resources.devices[].major", signed_integer},
    Field{"linux.resources.devices[].minor", signed_integer},
    Field{"linux.resources.devices[].access", string},
    Field{"linux.resources.memory", object},
    Field{"linux.resources.memory.limit", signed_integer},
    Field{"linux.resources.memory.reservation", signed_integer},
    Field{"linux.resources.memory.swap", signed_integer},
    Field{"linux.resources.memory.kernel", signed_integer},
    Field{"linux.resources.memory.kernelTCP", signed_integer},
    Field{"linux.resources.memory.swappiness", unsigned_integer},
    Field{"linux.resources.memory.disableOOMKiller", boolean},
    Field{"linux.resources.memory.useHierarchy", boolean},
    Field{"linux.resources.memory.checkBeforeUpdate", boolean},
    Field{"linux.resources.cpu", object},
    Field{"linux.resources.cpu.shares", unsigned_integer},
    Field{"linux.resources.cpu.quota", signed_integer},
    Field{"linux.resources.cpu.burst", unsigned_integer},
    Field{"linux.resources.cpu.period", unsigned_integer},
    Field{"linux.resources.cpu.realtimeRuntime", signed_integer},
    Field{"linux.resources.cpu.realtimePeriod", unsigned_integer},
    Field{"linux.resources.cpu.cpus", string},
    Field{"linux.resources.cpu.mems", string},
    Field{"linux.resources.cpu.idle", signed_integer},
    Field{"linux.resources.pids", object},
    Field{"linux.resources.pids.limit", signed_integer},
    Field{"linux.resources.blockIO", object},
    Field{"linux.resources.blockIO.weight", unsigned_integer},
    Field{"linux.resources.blockIO.leafWeight", unsigned_integer},
    Field{"linux.resources.blockIO.weightDevice", objects},
    Field{"linux.resources.blockIO.throttleReadBpsDevice", objects},
    Field{"linux.resources.blockIO.throttleWriteBpsDevice", objects},
    Field{"linux.resources.blockIO.throttleReadIOPSDevice", objects},
    Field{"linux.resources.blockIO.throttleWriteIOPSDevice", objects},
    Field{"linux.resources.hugepageLimits", objects},
    Field{"linux.resources.hugepageLimits[].pageSize", string},
    Field{"linux.resources.hugepageLimits[].limit", unsigned_integer},
    Field{"linux.resources.network", object},
    Field{"linux.resources.network.classID", unsigned_integer},
    Field{"linux.resources.network.priorities", objects},
    Field{"linux.resources.rdma", any_map},
    Field{"linux.resources.unified", string_map},
};

constexpr auto kFieldsByPath = [] {
  auto sorted = kFields;
  std::ranges::sort(sorted, {}, &Field::path);
  return sorted;
}();

std::string_view prefix_of(Document kind) {
  switch (kind) {
    case Document::spec:
      return "";
    case Document::process:
      return "process.";
    case Document::resources:
      return "linux.resources.";
  }
  return "";
}

const std::unordered_map<std::string, std::string_view>& fields_by_folded_path() {
  static const auto kFolded = [] {
    std::unordered_map<std::string, std::string_view> folded;
    for (const Field& field : kFields) folded.emplace(fold_case(field.path), field.path);
    return folded;
  }();
  return kFolded;
}

std::string_view words(FieldType type) {
  switch (type) {
    case object:
      return "an object";
    case string:
      return "a string";
    case boolean:
      return "true or false";
    case signed_integer:
      return "a 64-bit integer";
    case unsigned_integer:
      return "an integer of at least 0";
    case number:
      return "a number";
    case strings:
      return "an array of strings";
    case integers:
      return "an array of integers of at least 0";
    case objects:
      return "an array of objects";
    case string_map:
      return "an object of strings";
    case any_map:
      return "an object";
  }
  return "";
}

bool is_signed_integer(const Value& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX);
  return value.is_number_integer();
}

bool has_type(const Value& value, FieldType type) {
  const auto all = [&](auto predicate) { return std::ranges::all_of(value, predicate); };
  switch (type) {
    case object:
    case any_map:
      return value.is_object();
    case string:
      return value.is_string();
    case boolean:
      return value.is_boolean();
    case signed_integer:
      return is_signed_integer(value);
    case unsigned_integer:
      return value.is_number_unsigned();
    case number:
      return value.is_number();
    case strings:
      return value.is_array() && all([](const Value& item) { return item.is_string(); });
    case integers:
      return value.is_array() && all([](const Value& item) { return item.is_number_unsigned(); });
    case objects:
      return value.is_array() && all([](const Value& item) { return item.is_object(); });
    case string_map:
      return value.is_object() && all([](const Value& item) { return item.is_string(); });
  }
  return false;
}

// Where a value lies: a Pointer, which is text that is copied, is made of it only for what is wrong.
struct Place {
  const Place* above = nullptr;  // nullptr: the document itself
  std::string_view key = {};
  std::size_t index = 0;
  bool is_element = false;

  [[nodiscard]] Pointer pointer() const {
    if (above == nullptr) return Pointer();
    return is_element ? above->pointer() / index : above->pointer() / std::string(key);
  }
};

class ShapeCheck {
 public:
  std::vector<ShapeProblem> run(const Value& document, std::string_view prefix) {
    path_ = prefix;
    if (document.is_object())
      check_object(document, Place());
    else
      problems_.push_back({Pointer(), "the document is no object"});
    return std::move(problems_);
  }

 private:
  static const Field* find_field(std::string_view path) {
    const auto* const found = std::ranges::lower_bound(kFieldsByPath, path, {}, &Field::path);
    return found == kFieldsByPath.end() || found->path != path ? nullptr : found;
  }

  // path_ is the prefix of the object's keys: "process.user.".
  void check_object(const Value& value, const Place& place) {
    const std::size_t prefix = path_.size();
    for (const auto& [key, member] : value.get_ref<const Value::object_t&>()) {
      path_ += key;
      const Field* const field = find_field(path_);
      if (field == nullptr)
        check_unknown(key, place);
      else if (!member.is_null())
        check_member(member, *field, {.above = &place, .key = key});
      path_.resize(prefix);
    }
  }

  void check_unknown(const std::string& key, const Place& place) {
    const auto known = fields_by_folded_path().find(fold_case(path_));
    if (known != fields_by_folded_path().end())
      problems_.push_back({place.pointer(), "key \"" + key + "\" differs from \"" + std::string(known->second) +
                                                "\" only in the case of its letters"});
  }

  void check_member(const Value& member, const Field& field, const Place& place) {
    if (!has_type(member, field.type))
      return problems_.push_back(
          {place.pointer(), "\"" + std::string(field.path) + "\" must be " + std::string(words(field.type))});
    path_ += field.type == objects ? "[]." : ".";
    if (field.type == object) check_object(member, place);
    if (field.type != objects) return;
    for (std::size_t i = 0; i < member.size(); ++i)
      check_object(member[i], {.above = &place, .index = i, .is_element = true});
  }

  std::string path_;  // of the field that is looked at, as in kFields
  std::vector<ShapeProblem> problems_;
};

}  // namespace

std::span<const Field> fields() { return kFields; }

std::string fold_case(std::string_view name) {
  constexpr std::string_view kLongS = "\xC5\xBF";
  constexpr std::string_view kKelvin = "\xE2\x84\xAA";
  std::string folded;
  while (!name.empty()) {
    if (name.starts_with(kLongS)) {
      folded += 's';
      name.remove_prefix(kLongS.size());
    } else if (name.starts_with(kKelvin)) {
      folded += 'k';
      name.remove_prefix(kKelvin.size());
    } else {
      const char letter = name.front();
      folded += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
      name.remove_prefix(1);
    }
  }
  return folded;
}

std::vector<ShapeProblem> check_shape(const Value& document, Document kind) {
  return ShapeCheck().run(document, prefix_of(kind));
}

}  // namespace runward::oci

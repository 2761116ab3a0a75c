// SPDX-License-Identifier: Apache-2.0
#include "profiles/recording.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "profiles/bytes.h"
#include "profiles/print_json.h"
#include "shim/oci/capability.h"
#include "shim/oci/parse.h"
#include "shim/policy/object_reader.h"

namespace runward::profiles {
namespace {

using oci::Value;
using policy::Key;
using policy::Reader;

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
constexpr oci::ParseLimits kLimits{.max_bytes = kMaxRecordingBytes, .max_depth = 12};

// --- printing -------------------------------------------------------------------------------

Value text_list(const auto& list) {
  Value texts = Value::array();
  for (const std::string& item : list) texts.push_back(to_text(item));
  return texts;
}

Value to_json(const Executables& executables) {
  Value json = Value::object();
  for (const auto& [path, count] : executables) json[to_text(path)] = count;
  return json;
}

Value to_json(const Call& call) {
  Value json = {{"count", call.count}, {"executables", to_json(call.executables)}};
  for (const ArgumentUse& use : call.arguments)
    json["arguments"].push_back({{"values", use.values}, {"count", use.count}});
  return json;
}

Value to_json(const Use& use) { return {{"count", use.count}, {"executables", to_json(use.executables)}}; }

Value to_json(const FileUse& use) {
  Value json = {{"count", use.count}, {"executables", to_json(use.executables)}};
  const std::array flags = {std::pair{"read", use.read}, std::pair{"write", use.write},
                            std::pair{"execute", use.execute}, std::pair{"map", use.map},
                            std::pair{"directory", use.directory}};
  for (const auto& [name, is_set] : flags)
    if (is_set) json[name] = true;
  return json;
}

Value to_json(const Calls& calls) {
  Value json = Value::object();
  for (const auto& [name, call] : calls) json[name] = to_json(call);
  return json;
}

Value to_json(const CallsByArchitecture& calls) {
  Value json = Value::object();
  for (const auto& [architecture, of_it] : calls) json[architecture] = to_json(of_it);
  return json;
}

Value to_json(const Capabilities& capabilities) {
  Value json = Value::object();
  for (const auto& [name, use] : capabilities) json[name] = to_json(use);
  return json;
}

template <typename Of>
Value to_json(const std::map<Phase, Of>& phases) {
  Value json = Value::object();
  for (const auto& [phase, of_it] : phases) json[std::string(name_of(phase))] = to_json(of_it);
  return json;
}

Value to_json(const Files& files) {
  Value json = Value::object();
  for (const auto& [path, use] : files) json[to_text(path)] = to_json(use);
  return json;
}

Value to_json(const Upper& upper) {
  return {{"created", text_list(upper.created)},
          {"written", text_list(upper.written)},
          {"deleted", text_list(upper.deleted)}};
}

Value to_json(const std::set<Port>& ports) {
  Value json = Value::array();
  for (const Port& port : ports) json.push_back({{"protocol", port.protocol}, {"port", port.port}});
  return json;
}

Value to_json(const std::set<User>& users) {
  Value json = Value::array();
  for (const User& user : users) json.push_back({{"uid", user.uid}, {"gid", user.gid}});
  return json;
}

Value to_json(const Peaks& peaks) {
  return {{"memory", peaks.memory},
          {"page_cache", peaks.page_cache},
          {"pids", peaks.pids},
          {"cpu", peaks.cpu},
          {"cpu_time", peaks.cpu_time}};
}

Value to_json(const Host& host) {
  return {{"kernel", to_text(host.kernel)},
          {"architecture", host.architecture},
          {"runtime", to_text(host.runtime)},
          {"runtime_version", to_text(host.runtime_version)}};
}

Value to_json(const Mechanisms& mechanisms) {
  return {{"calls", mechanisms.calls}, {"files", mechanisms.files}, {"capabilities", mechanisms.capabilities}};
}

Value to_json(const Lost& lost) {
  return {{"calls", lost.calls},
          {"arguments", lost.arguments},
          {"files", lost.files},
          {"capabilities", lost.capabilities},
          {"processes", lost.processes}};
}

// --- parsing --------------------------------------------------------------------------------

std::optional<std::string> bytes_of(const Reader& reader, const std::string& text) {
  // One spelling for each name: two spellings would be two keys for one thing.
  auto bytes = from_text(text);
  if (bytes && to_text(*bytes) == text) return bytes;
  reader.fail(R"(expected a text with \xNN for backslashes and control characters, and for nothing else)");
  return std::nullopt;
}

void read_text(const Reader& value, std::string& target) {
  const auto text = value.text();
  if (!text) return;
  if (auto bytes = bytes_of(value, *text)) target = std::move(*bytes);
}

void read_count(const Reader& value, std::uint64_t& target) {
  if (const auto count = value.count(0, kMax)) target = *count;
}

template <typename Target, std::string Target::*member>
void to_member_text(const Reader& value, Target& target) {
  read_text(value, target.*member);
}

template <typename Target, std::uint64_t Target::*member>
void to_member_count(const Reader& value, Target& target) {
  read_count(value, target.*member);
}

template <typename Target, bool Target::*member>
void to_member_flag(const Reader& value, Target& target) {
  value.to(target.*member);
}

void read_word(const Reader& value, std::string& target, std::span<const std::string_view> known) {
  auto text = value.text();
  if (!text) return;
  if (std::ranges::find(known, *text) == known.end()) return value.fail(policy::unknown_name("word", *text, known));
  target = std::move(*text);
}

// Absolute, and nothing in it that could lead elsewhere than it says.
bool is_path(std::string_view path) {
  if (!path.starts_with('/') || path.find('\0') != std::string_view::npos) return false;
  if (path == "/") return true;
  const std::string with_end = std::string(path) + "/";
  return with_end.find("//") == std::string::npos && with_end.find("/./") == std::string::npos &&
         with_end.find("/../") == std::string::npos;
}

constexpr std::string_view kPathExpected = "expected an absolute path without . and ..";

void read_path_set(const Reader& value, std::set<std::string>& target) {
  value.each_item([&](const Reader& item) {
    std::string path;
    read_text(item, path);
    if (!is_path(path)) return item.fail(kPathExpected);
    target.insert(std::move(path));
  });
}

void read_texts(const Reader& value, std::vector<std::string>& target) {
  value.each_item([&](const Reader& item) { read_text(item, target.emplace_back()); });
}

bool is_executable_name(std::string_view name) {
  return is_path(name) || (name.size() > 2 && name.starts_with('[') && name.ends_with(']'));
}

void read_executables(const Reader& value, Executables& target) {
  value.each_member([&](const Reader& member) {
    const auto name = bytes_of(member, member.key());
    if (!name || !is_executable_name(*name)) return member.fail("expected an absolute path, or a name in brackets");
    read_count(member, target[*name]);
  });
}

constexpr std::array kArgumentUseKeys = {
    Key<ArgumentUse>{"", "values",
                     [](const Reader& value, ArgumentUse& use) {
                       value.each_item([&](const Reader& item) { read_count(item, use.values.emplace_back()); });
                       constexpr std::size_t kMostArguments = 6;
                       if (use.values.empty() || use.values.size() > kMostArguments)
                         value.fail("expected one to six numbers");
                     }},
    Key<ArgumentUse>{"", "count", to_member_count<ArgumentUse, &ArgumentUse::count>},
};

void read_arguments(const Reader& value, Call& call) {
  value.each_item([&](const Reader& item) {
    policy::read_section<ArgumentUse>(kArgumentUseKeys, "", item, call.arguments.emplace_back());
  });
  std::ranges::sort(call.arguments, {}, &ArgumentUse::values);
  if (std::ranges::adjacent_find(call.arguments, {}, &ArgumentUse::values) != call.arguments.end())
    value.fail("the same values are there twice");
}

constexpr std::array kCallKeys = {
    Key<Call>{"", "count", to_member_count<Call, &Call::count>},
    Key<Call>{"", "executables", [](const Reader& value, Call& call) { read_executables(value, call.executables); }},
    Key<Call>{"", "arguments", read_arguments},
};

constexpr std::array kUseKeys = {
    Key<Use>{"", "count", to_member_count<Use, &Use::count>},
    Key<Use>{"", "executables", [](const Reader& value, Use& use) { read_executables(value, use.executables); }},
};

constexpr std::array kFileUseKeys = {
    Key<FileUse>{"", "read", to_member_flag<FileUse, &FileUse::read>},
    Key<FileUse>{"", "write", to_member_flag<FileUse, &FileUse::write>},
    Key<FileUse>{"", "execute", to_member_flag<FileUse, &FileUse::execute>},
    Key<FileUse>{"", "map", to_member_flag<FileUse, &FileUse::map>},
    Key<FileUse>{"", "directory", to_member_flag<FileUse, &FileUse::directory>},
    Key<FileUse>{"", "count", to_member_count<FileUse, &FileUse::count>},
    Key<FileUse>{"", "executables",
                 [](const Reader& value, FileUse& use) { read_executables(value, use.executables); }},
};

// "openat", or "#1234".
bool is_call_name(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  const bool is_number = name.size() > 1 && name.starts_with('#');
  const std::string_view letters = is_number ? "0123456789" : "abcdefghijklmnopqrstuvwxyz0123456789_";
  const std::string_view rest = name.substr(is_number ? 1 : 0);
  return !rest.empty() && rest.size() <= kLongest && rest.find_first_not_of(letters) == std::string_view::npos;
}

void read_calls(const Reader& value, Calls& target) {
  value.each_member([&](const Reader& member) {
    if (!is_call_name(member.key())) return member.fail("expected the name of a system call, or #number");
    policy::read_section<Call>(kCallKeys, "", member, target[member.key()]);
  });
}

constexpr std::array<std::string_view, 5> kArchitectures = {"x86_64", "x86", "x32", "aarch64", "arm"};

void read_architectures(const Reader& value, CallsByArchitecture& target) {
  value.each_member([&](const Reader& member) {
    if (std::ranges::find(kArchitectures, member.key()) == kArchitectures.end())
      return member.fail(policy::unknown_name("architecture", member.key(), kArchitectures));
    read_calls(member, target[member.key()]);
  });
}

void read_capabilities(const Reader& value, Capabilities& target) {
  value.each_member([&](const Reader& member) {
    const auto capability = oci::parse_capability(member.key());
    if (!capability || oci::to_string(*capability) != member.key())
      return member.fail(R"(expected a capability such as "CAP_CHOWN")");
    policy::read_section<Use>(kUseKeys, "", member, target[member.key()]);
  });
}

template <typename Of>
void read_phases(const Reader& value, std::map<Phase, Of>& target, void (*read)(const Reader&, Of&)) {
  value.each_member([&](const Reader& member) {
    const auto found = std::ranges::find(kPhaseNames, member.key());
    if (found == kPhaseNames.end()) return member.fail(policy::unknown_name("phase", member.key(), kPhaseNames));
    read(member, target[static_cast<Phase>(found - kPhaseNames.begin())]);
  });
}

void read_files(const Reader& value, Files& target) {
  value.each_member([&](const Reader& member) {
    const auto path = bytes_of(member, member.key());
    if (!path || !is_path(*path)) return member.fail(kPathExpected);
    policy::read_section<FileUse>(kFileUseKeys, "", member, target[*path]);
  });
}

constexpr std::array kUpperKeys = {
    Key<Upper>{"", "created", [](const Reader& value, Upper& upper) { read_path_set(value, upper.created); }},
    Key<Upper>{"", "written", [](const Reader& value, Upper& upper) { read_path_set(value, upper.written); }},
    Key<Upper>{"", "deleted", [](const Reader& value, Upper& upper) { read_path_set(value, upper.deleted); }},
};

constexpr std::array<std::string_view, 2> kProtocols = {"tcp", "udp"};
constexpr std::uint64_t kLastPort = 65535;

constexpr std::array kPortKeys = {
    Key<Port>{"", "protocol", [](const Reader& value, Port& port) { read_word(value, port.protocol, kProtocols); }},
    Key<Port>{"", "port",
              [](const Reader& value, Port& port) { port.port = value.count(1, kLastPort).value_or(port.port); }},
};

void read_ports(const Reader& value, std::set<Port>& target) {
  value.each_item([&](const Reader& item) {
    Port port;
    policy::read_section<Port>(kPortKeys, "", item, port);
    if (port.protocol.empty() || port.port == 0) return item.fail(R"(expected {"protocol": …, "port": …})");
    target.insert(std::move(port));
  });
}

constexpr std::array kUserKeys = {
    Key<User>{"", "uid", to_member_count<User, &User::uid>},
    Key<User>{"", "gid", to_member_count<User, &User::gid>},
};

void read_users(const Reader& value, std::set<User>& target) {
  value.each_item([&](const Reader& item) {
    User user;
    policy::read_section<User>(kUserKeys, "", item, user);
    target.insert(user);
  });
}

constexpr std::array kPeaksKeys = {
    Key<Peaks>{"", "memory", to_member_count<Peaks, &Peaks::memory>},
    Key<Peaks>{"", "page_cache", to_member_count<Peaks, &Peaks::page_cache>},
    Key<Peaks>{"", "pids", to_member_count<Peaks, &Peaks::pids>},
    Key<Peaks>{"", "cpu", to_member_count<Peaks, &Peaks::cpu>},
    Key<Peaks>{"", "cpu_time", to_member_count<Peaks, &Peaks::cpu_time>},
};

constexpr std::array kHostKeys = {
    Key<Host>{"", "kernel", to_member_text<Host, &Host::kernel>},
    Key<Host>{"", "architecture",
              [](const Reader& value, Host& host) { read_word(value, host.architecture, kArchitectures); }},
    Key<Host>{"", "runtime", to_member_text<Host, &Host::runtime>},
    Key<Host>{"", "runtime_version", to_member_text<Host, &Host::runtime_version>},
};

constexpr std::array<std::string_view, 3> kCallMechanisms = {"", "ebpf", "audit"};
constexpr std::array<std::string_view, 2> kFileMechanisms = {"", "fanotify"};
constexpr std::array<std::string_view, 2> kCapabilityMechanisms = {"", "ebpf"};

constexpr std::array kMechanismsKeys = {
    Key<Mechanisms>{"", "calls",
                    [](const Reader& value, Mechanisms& by) { read_word(value, by.calls, kCallMechanisms); }},
    Key<Mechanisms>{"", "files",
                    [](const Reader& value, Mechanisms& by) { read_word(value, by.files, kFileMechanisms); }},
    Key<Mechanisms>{
        "", "capabilities",
        [](const Reader& value, Mechanisms& by) { read_word(value, by.capabilities, kCapabilityMechanisms); }},
};

constexpr std::array kLostKeys = {
    Key<Lost>{"", "calls", to_member_count<Lost, &Lost::calls>},
    Key<Lost>{"", "arguments", to_member_count<Lost, &Lost::arguments>},
    Key<Lost>{"", "files", to_member_count<Lost, &Lost::files>},
    Key<Lost>{"", "capabilities", to_member_count<Lost, &Lost::capabilities>},
    Key<Lost>{"", "processes", to_member_count<Lost, &Lost::processes>},
};

constexpr std::array kRecordingKeys = {
    Key<Recording>{
        "", "version",
        [](const Reader& value, Recording&) { static_cast<void>(value.count(kRecordingVersion, kRecordingVersion)); }},
    Key<Recording>{"", "name", to_member_text<Recording, &Recording::name>},
    Key<Recording>{"", "image", to_member_text<Recording, &Recording::image>},
    Key<Recording>{"", "command",
                   [](const Reader& value, Recording& recording) { read_texts(value, recording.command); }},
    Key<Recording>{"", "host",
                   [](const Reader& value, Recording& recording) {
                     policy::read_section<Host>(kHostKeys, "", value, recording.host);
                   }},
    Key<Recording>{"", "started", to_member_text<Recording, &Recording::started>},
    Key<Recording>{"", "milliseconds", to_member_count<Recording, &Recording::milliseconds>},
    Key<Recording>{"", "mechanisms",
                   [](const Reader& value, Recording& recording) {
                     policy::read_section<Mechanisms>(kMechanismsKeys, "", value, recording.mechanisms);
                   }},
    Key<Recording>{"", "lost",
                   [](const Reader& value, Recording& recording) {
                     policy::read_section<Lost>(kLostKeys, "", value, recording.lost);
                   }},
    Key<Recording>{"", "complete", to_member_flag<Recording, &Recording::complete>},
    Key<Recording>{"", "gaps", [](const Reader& value, Recording& recording) { read_texts(value, recording.gaps); }},
    Key<Recording>{"", "calls",
                   [](const Reader& value, Recording& recording) {
                     read_phases<CallsByArchitecture>(value, recording.calls, &read_architectures);
                   }},
    Key<Recording>{"", "capabilities",
                   [](const Reader& value, Recording& recording) {
                     read_phases<Capabilities>(value, recording.capabilities, &read_capabilities);
                   }},
    Key<Recording>{"", "files", [](const Reader& value, Recording& recording) { read_files(value, recording.files); }},
    Key<Recording>{"", "upper",
                   [](const Reader& value, Recording& recording) {
                     policy::read_section<Upper>(kUpperKeys, "", value, recording.upper);
                   }},
    Key<Recording>{"", "ports", [](const Reader& value, Recording& recording) { read_ports(value, recording.ports); }},
    Key<Recording>{"", "peaks",
                   [](const Reader& value, Recording& recording) {
                     policy::read_section<Peaks>(kPeaksKeys, "", value, recording.peaks);
                   }},
    Key<Recording>{"", "users", [](const Reader& value, Recording& recording) { read_users(value, recording.users); }},
};

// A file that lacks its half must not pass for one of a container that did nothing.
void check_all_there(const Reader& document) {
  if (!document.value().is_object()) return;
  for (const Key<Recording>& key : kRecordingKeys)
    if (oci::find(document.value(), key.name) == nullptr)
      return document.fail("\"" + std::string(key.name) + "\" is missing");
}

}  // namespace

Result<Recording> parse_recording(std::string_view text, std::string_view name) {
  const auto document = oci::parse(text, name, kLimits);
  if (!document) return document.error();
  Recording recording;
  policy::Source source(text, name);
  const Reader reader(source, *document);
  check_all_there(reader);
  policy::read_section<Recording>(kRecordingKeys, "", reader, recording);
  SHIM_CHECK(source.status());
  return recording;
}

std::string print_recording(const Recording& recording) {
  return print_json({{"version", kRecordingVersion},
                     {"name", to_text(recording.name)},
                     {"image", to_text(recording.image)},
                     {"command", text_list(recording.command)},
                     {"host", to_json(recording.host)},
                     {"started", to_text(recording.started)},
                     {"milliseconds", recording.milliseconds},
                     {"mechanisms", to_json(recording.mechanisms)},
                     {"lost", to_json(recording.lost)},
                     {"complete", recording.complete},
                     {"gaps", text_list(recording.gaps)},
                     {"calls", to_json(recording.calls)},
                     {"capabilities", to_json(recording.capabilities)},
                     {"files", to_json(recording.files)},
                     {"upper", to_json(recording.upper)},
                     {"ports", to_json(recording.ports)},
                     {"peaks", to_json(recording.peaks)},
                     {"users", to_json(recording.users)}});
}

}  // namespace runward::profiles

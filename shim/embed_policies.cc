// SPDX-License-Identifier: Apache-2.0
// Part of the build: reads profile.json of the shipped profiles and prints them as C++ (shim/policy/shipped.h).
//   embed_policies shipped_policies.cc NAME=FILE…
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shim/base/file.h"
#include "shim/oci/print.h"
#include "shim/policy/fingerprint.h"
#include "shim/policy/profile_parser.h"
#include "shim/policy/shipped.h"

namespace runward::policy {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;

// A profile over its parents.
struct Read {
  std::vector<ProfileDocument> documents;  // the profile, then its parents
  Policy policy;
};

std::string literal(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') quoted += '\\';
    quoted += letter == '\n' ? "\\n" : std::string(1, letter);
  }
  return quoted + "\"";
}

std::string literal(std::uint64_t number) { return std::to_string(number) + "U"; }
std::string literal(bool flag) { return flag ? "true" : "false"; }
std::string literal(oci::CapabilitySet set) { return "oci::CapabilitySet::of_bits(" + literal(set.bits()) + ")"; }

template <typename Choice>
std::string literal_of(std::string_view type, Choice choice) {
  return std::string(type) + "{" + std::to_string(static_cast<int>(choice)) + "}";
}

std::string literal(const std::optional<Amount>& amount) {
  if (!amount) return "std::nullopt";
  return "Amount{.absolute = " + (amount->absolute ? literal(*amount->absolute) : "std::nullopt") +
         ", .percent = " + (amount->percent ? literal(std::uint64_t{*amount->percent}) : "std::nullopt") + "}";
}

std::string literal(const Limit& limit) {
  return "{.when_unset = " + literal(limit.when_unset) + ", .ceiling = " + literal(limit.ceiling) + "}";
}

// One literal for a list: no name and no path in a profile has a line break.
template <typename Names>
std::string list(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "\n") + name;
  return std::string(std::is_same_v<Names, std::set<std::string>> ? "list<Set>(" : "list<List>(") + literal(text) + ")";
}

class Printer {
 public:
  explicit Printer(std::ostream& out) : out_(out) {}

  void print(const Policy& policy) {
    for (std::size_t i = 0; i < policy.rules.size(); ++i)
      set("rules[" + std::to_string(i) + "]",
          "{.mode = " + literal_of("Mode", policy.rules[i].mode) +
              ", .on_excess = " + literal_of("OnExcess", policy.rules[i].on_excess) + "}");
    set("namespaces.host_allowed", list(policy.namespaces.host_allowed));
    set("namespaces.join_containers", literal(policy.namespaces.join_containers));
    set("user_namespaces.use", literal_of("UserNamespaceUse", policy.user_namespaces.use));
    set("user_namespaces.unmappable", literal_of("Unmappable", policy.user_namespaces.unmappable));
    set("user.root_allowed", literal(policy.user.root_allowed));
    set("user.root_group_allowed", literal(policy.user.root_group_allowed));
    for (const std::uint32_t gid : policy.user.dropped_gids)
      out_ << "  policy.user.dropped_gids.insert(" << gid << "U);\n";
    set("capabilities.allowed", literal(policy.capabilities.allowed));
    set("capabilities.on_request", literal(policy.capabilities.on_request));
    set("capabilities.ambient", literal(policy.capabilities.ambient));
    set("seccomp.baseline", literal(policy.seccomp.baseline));
    set("seccomp.log_denials", literal(policy.seccomp.log_denials));
    set("apparmor.profile", literal(policy.apparmor.profile));
    set("apparmor.required", literal(policy.apparmor.required));
    set("rootfs.mode", literal_of("RootfsMode", policy.rootfs.mode));
    set("rootfs.ephemeral_size", literal(policy.rootfs.ephemeral_size));
    for (const Scratch& scratch : policy.rootfs.scratch)
      out_ << "  policy.rootfs.scratch.push_back({.path = " << literal(scratch.path)
           << ", .size = " << literal(scratch.size) << ", .exec = " << literal(scratch.exec)
           << ", .if_exists = " << literal(scratch.if_exists) << "});\n";
    set("mounts.denied_sources", list(policy.mounts.denied_sources));
    set("mounts.allowed_sources", list(policy.mounts.allowed_sources));
    set("mounts.only_allowed", literal(policy.mounts.only_allowed));
    set("mounts.types", list(policy.mounts.types));
    set("mounts.noexec", literal(policy.mounts.noexec));
    set("mounts.tmpfs_exec", literal(policy.mounts.tmpfs_exec));
    set("masked_paths.masked", list(policy.masked_paths.masked));
    set("masked_paths.read_only", list(policy.masked_paths.read_only));
    set("devices.allowed", list(policy.devices.allowed));
    set("memory", literal(policy.memory));
    set("cpu", literal(policy.cpu));
    set("pids", literal(policy.pids));
    set("unified_keys", list(policy.unified_keys));
    for (const auto& [name, limit] : policy.rlimits)
      set("rlimits[" + literal(name) + "]",
          "{.soft = " + literal(limit.soft) + ", .hard = " + literal(limit.hard) + "}");
    set("oom_score_min", std::to_string(policy.oom_score_min));
    set("sysctls", list(policy.sysctls));
    set("cgroup_parents", list(policy.cgroup_parents));
    set("hook_paths", list(policy.hook_paths));
    set("annotations_denied", list(policy.annotations_denied));
    set("annotations_allowed", list(policy.annotations_allowed));
    set("image.allowed", list(policy.image.allowed));
  }

 private:
  void set(std::string_view field, std::string_view value) { out_ << "  policy." << field << " = " << value << ";\n"; }

  std::ostream& out_;
};

constexpr std::string_view kHead = R"(// Made by shim/embed_policies.cc.
#include <array>
#include <set>
#include <string>
#include <vector>

#include "shim/policy/shipped.h"

namespace runward::policy {
namespace {

using List = std::vector<std::string>;
using Set = std::set<std::string>;

template <typename Names>
Names list(std::string_view text) {
  Names names;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    names.insert(names.end(), std::string(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return names;
}

)";

constexpr std::string_view kTail = R"(};

}  // namespace

std::span<const ShippedPolicy> shipped_policies() { return kPolicies; }

}  // namespace runward::policy
)";

using Files = std::map<std::string, std::string>;  // of the profile's name

// `files` are those that may be read: none twice.
Result<Read> read(Files files, const std::string& name) {
  const auto file = files.extract(name);
  if (!file) return make_error(ErrorKind::policy, "'" + name + "' is no shipped profile, or extends itself");
  SHIM_TRY(std::string text, read_file(file.mapped(), kMaxBytes));
  const std::string place = std::string(kBuiltin) + name;
  SHIM_TRY(const ParsedProfile profile,
           parse_profile({.text = std::move(text), .name = file.mapped(), .directory = place}));
  Read result;
  if (profile.parent) {
    SHIM_TRY(result, read(files, *profile.parent));
  }
  SHIM_CHECK(apply_profile(profile, result.policy));
  result.documents.insert(result.documents.begin(),
                          {.text = oci::print(profile.value), .name = place, .directory = place});
  return result;
}

std::string row(const std::string& name, const std::vector<ProfileDocument>& documents) {
  const std::string parent = documents.size() > 1 ? documents[1].directory.substr(kBuiltin.size()) : "";
  return "    ShippedPolicy{" + literal(name) + ", " + literal(parent) + ", " + literal(documents[0].text) + ", " +
         literal(fingerprint(documents)) + ", policy_of_" + name + "},\n";
}

Status print(std::ostream& out, const Files& files) {
  out << kHead;
  std::string rows;
  for (const auto& [name, file] : files) {
    SHIM_TRY(const Read profile, read(files, name));
    out << "Policy policy_of_" << name << "() {\n  Policy policy;\n";
    Printer(out).print(profile.policy);
    out << "  return policy;\n}\n\n";
    rows += row(name, profile.documents);
  }
  out << "constexpr std::array kPolicies = {\n" << rows << kTail << std::flush;
  return out ? ok() : Status(make_error(ErrorKind::io, "can't write the table"));
}

int run(const std::string& output, const std::vector<std::string>& arguments) {
  Files files;
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    files[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  std::ofstream out(output);
  const Status printed = print(out, files);
  if (!printed) std::cerr << printed.error().message << '\n';
  return printed ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace runward::policy

int main(int argc, char** argv) {
  try {
    return argc < 2 ? EXIT_FAILURE : runward::policy::run(argv[1], {argv + 2, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}

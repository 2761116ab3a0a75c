// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/doctor/report.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <sstream>

namespace runward::ctl::doctor {
namespace {

// OCI's words for what /proc/<pid>/ns calls otherwise.
struct NamespaceWord {
  std::string_view oci;
  std::string_view name;
};
constexpr std::array kNamespaceWords = {NamespaceWord{"pid", "pid"}, NamespaceWord{"network", "net"},
                                        NamespaceWord{"ipc", "ipc"}, NamespaceWord{"uts", "uts"},
                                        NamespaceWord{"mount", "mnt"}};

oci::CapabilitySet parse_capabilities(const std::string& hex) {
  std::uint64_t bits = 0;
  std::from_chars(hex.data(), hex.data() + hex.size(), bits, 16);
  oci::CapabilitySet set;
  for (unsigned number = 0; number < 64; ++number)
    if (((bits >> number) & 1U) != 0) set.add(oci::Capability{number});
  return set;
}

bool is_enforced(const policy::Policy& policy, policy::RuleId rule) {
  return policy.rule(rule).mode == policy::Mode::enforce;
}

}  // namespace

std::string report_script() {
  std::string names;
  for (const std::string_view name : kNamespaceNames) names.append(" ").append(name);
  return "cat /proc/self/status; for n in" + names +
         "; do echo \"namespace $n $(readlink /proc/self/ns/$n)\"; done; if test -S " + kSocketInside +
         "; then echo engine-socket; fi; echo end-of-report";
}

std::optional<Seen> parse_report(std::string_view text, const std::map<std::string, std::string>& host) {
  Seen seen;
  bool is_whole = false;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    std::string value;
    std::string more;
    words >> key >> value >> more;
    if (key == "NoNewPrivs:") seen.no_new_privileges = value == "1";
    if (key == "Seccomp:") seen.seccomp = value == "2";
    if (key == "CapBnd:") seen.bounding = parse_capabilities(value);
    if (key == "engine-socket") seen.engine_socket = true;
    if (key == "end-of-report") is_whole = true;
    const auto own = host.find(value);
    if (key == "namespace" && own != host.end() && own->second == more) seen.host_namespaces.insert(value);
  }
  return is_whole ? std::optional(seen) : std::nullopt;
}

Promise promise_of(const policy::Policy& policy) {
  using policy::RuleId;
  Promise promise;
  promise.no_new_privileges = is_enforced(policy, RuleId::no_new_privileges);
  promise.seccomp = is_enforced(policy, RuleId::seccomp);
  // Those that a profile gives on request are asked for by name in no trial.
  if (is_enforced(policy, RuleId::capabilities)) promise.capabilities = policy.capabilities.allowed;
  promise.no_engine_socket = is_enforced(policy, RuleId::mounts);
  if (is_enforced(policy, RuleId::namespaces))
    for (const NamespaceWord& row : kNamespaceWords)
      if (!policy.namespaces.host_allowed.contains(std::string(row.oci))) promise.namespaces.emplace(row.name);
  return promise;
}

}  // namespace runward::ctl::doctor

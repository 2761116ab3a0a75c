// SPDX-License-Identifier: Apache-2.0
#pragma once

// A step: one rule as a pure function from a document to a Verdict. The pipeline applies what it decides.
//
// Five promises, held by tests/property over all steps × all golden documents × random documents: pure and total ·
// idempotent · monotone (never widens access beyond what the policy names) · local (touches only the pointers that it
// declares) · explained (every change and finding has a pointer and a reason that a user can act on).

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seccomp/parse.h"
#include "shim/host/facts.h"
#include "shim/oci/spec.h"
#include "shim/policy/policy.h"

namespace runward::harden {

enum class Severity { violation, notice };

// "<what> is refused by profile 'P' (rule R): <advice>". `what` names what was asked for, `advice` the way out.
struct Finding {
  Severity severity = Severity::violation;
  oci::Pointer where;
  std::string what;
  std::string advice;
};

// `insert`: into an array (made when absent) before that index, or at its end with "-".
enum class Operation { set, insert, remove };

struct Change {
  Operation operation = Operation::set;
  oci::Pointer where;
  std::optional<oci::Value> before;
  std::optional<oci::Value> after;
  std::string reason;
};

struct Verdict {
  std::vector<Finding> findings;
  std::vector<Change> changes;

  void refuse(oci::Pointer where, std::string what, std::string advice);
  void notice(oci::Pointer where, std::string what, std::string advice);
  // Adds or replaces the member of an object, or replaces an element; nothing when it has this value already.
  void set(const oci::Value& document, oci::Pointer where, oci::Value after, std::string reason);
  // Inserts into an array (made when absent) at `index`, or at its end.
  void insert(oci::Pointer array, std::optional<std::size_t> index, oci::Value after, std::string reason);
  // Nothing when it is absent already. Elements of one array: from the last to the first.
  void remove(const oci::Value& document, oci::Pointer where, std::string reason);
};

// What of the runtime's command line the rules look at.
struct Call {
  bool no_pivot = false;
  bool no_new_keyring = false;
  bool restore = false;
  bool checkpoint = false;
  bool update = false;       // what a document leaves out, or gives as 0, stays as it is
  bool exec_cgroup = false;  // exec --cgroup
};

struct Context {
  const policy::Policy& policy;
  const host::HostFacts& host;
  Call call;
  const seccomp::Template* seccomp_baseline = nullptr;  // loaded only when wants_seccomp_baseline says so
  // While a profile is tried out (`runwardctl profile verify`): what the container's profile refuses and this one lets
  // through is let through and logged. nullptr for every other container.
  const seccomp::Template* seccomp_logged_within = nullptr;
  // While a container's calls are recorded by the kernel's audit: what its filter allows is logged.
  bool seccomp_logs_allowed = false;
  // On exec: the container's first process as it was let start. No later one gets more than it has.
  const oci::Process* first = nullptr;

  // What a rule does with what only a user can have asked for.
  [[nodiscard]] bool refuses(policy::RuleId rule) const {
    return policy.rule(rule).on_excess == policy::OnExcess::refuse;
  }
  // On exec, where the rule is off: the first process is the only measure, the policy's own settings are none.
  [[nodiscard]] bool only_as_first(policy::RuleId rule) const {
    return first != nullptr && policy.rule(rule).mode == policy::Mode::off;
  }
  // dockerd always gives its own default where nobody asked otherwise, so what is missing was asked for.
  [[nodiscard]] bool engine_is_docker() const { return host.engine_namespace.find("moby") != std::string::npos; }
};

// Without on_spec, a whole document (create, run, restore) is looked at through its process and its resources.
struct Step {
  policy::RuleId rule;
  std::span<const std::string_view> touches;  // pointers, relative to the view, below which it may change something
  Verdict (*on_spec)(const oci::Spec&, const Context&) = nullptr;
  Verdict (*on_process)(const oci::Process&, const Context&) = nullptr;           // and exec
  Verdict (*on_resources)(const oci::LinuxResources&, const Context&) = nullptr;  // and update
  Verdict (*on_call)(const Context&) = nullptr;                                   // checkpoint, which has no document
  bool holds_to_first = false;  // on_process goes by Context::first, and so runs on exec even where the rule is off
};

// Text from a container for a message: in quotes, at most 80 bytes, control characters and quotes replaced.
std::string quote(std::string_view text);

}  // namespace runward::harden

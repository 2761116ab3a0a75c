// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

using policy::RuleId;

struct Kind {
  std::string_view type;
  std::string_view flag;  // what a user wrote to get the host's; empty: engines leave it out by themselves
};
constexpr std::array kKinds = {Kind{"pid", "--pid host"},         Kind{"ipc", "--ipc host"}, Kind{"uts", "--uts host"},
                               Kind{"network", "--network host"}, Kind{"mount", "none"},     Kind{"cgroup", ""}};

const oci::Pointer& list_pointer() {
  static const oci::Pointer kPointer("/linux/namespaces");
  return kPointer;
}

std::string way_out(const Kind& kind) {
  const std::string drop =
      kind.flag.starts_with("--") ? "drop " + std::string(kind.flag) : "give the container its own";
  return drop + ", or use a profile whose namespaces.host_allowed lists '" + std::string(kind.type) + "'";
}

void require_own(Verdict& verdict, const oci::Spec& spec, const Context& ctx, const Kind& kind) {
  const std::string type(kind.type);
  if (spec.has_namespace(kind.type) || ctx.policy.namespaces.host_allowed.contains(type)) return;
  // Docker gives no cgroup namespace on cgroup v1 unless asked: what is missing there was not asked for.
  if (!kind.flag.empty() && ctx.refuses(RuleId::namespaces))
    return verdict.refuse(list_pointer(), "the host's " + type + " namespace", way_out(kind));
  verdict.insert(list_pointer(), std::nullopt, {{"type", type}}, "an own " + type + " namespace");
}

void check_joined(Verdict& verdict, const oci::Spec& spec, const Context& ctx) {
  const auto entries = spec.namespaces();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].path.empty()) continue;
    // Facts that are missing count as the worst case.
    const auto known = ctx.host.namespace_paths.find(entries[i].path);
    const auto facts = known == ctx.host.namespace_paths.end()
                           ? host::NamespacePath{.is_host = true, .is_process = true}
                           : known->second;
    const bool host_forbidden = facts.is_host && !ctx.policy.namespaces.host_allowed.contains(entries[i].type);
    const bool join_forbidden = facts.is_process && !ctx.policy.namespaces.join_containers;
    if (!host_forbidden && !join_forbidden) continue;
    const oci::Pointer where = list_pointer() / i;
    const std::string whose = host_forbidden ? "the host's " : "another container's ";
    if (ctx.refuses(RuleId::namespaces))
      verdict.refuse(where, whose + quote(entries[i].type) + " namespace",
                     host_forbidden ? "let the container have its own, or join one that is not the host's"
                                    : "drop --network, --pid or --ipc container:X, or use a profile with "
                                      "namespaces.join_containers");
    else
      verdict.remove(spec.value(), where / "path", "an own namespace in place of " + whose.substr(0, whose.size() - 1));
  }
}

// Docker 29 asks for a time namespace, which runc before 1.2 does not know and then refuses to start.
void drop_unknown(Verdict& verdict, const oci::Spec& spec, const Context& ctx) {
  if (!ctx.host.runtime_features) return;
  const auto entries = spec.namespaces();
  for (std::size_t i = entries.size(); i-- > 0;)
    if (entries[i].type == "time" && !ctx.host.runtime_features->namespaces.contains("time"))
      verdict.remove(spec.value(), list_pointer() / i, "the low-level runtime does not know time namespaces");
}

}  // namespace

Verdict require_own_namespaces(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  check_joined(verdict, spec, ctx);
  drop_unknown(verdict, spec, ctx);
  for (const Kind& kind : kKinds) require_own(verdict, spec, ctx, kind);
  return verdict;
}

}  // namespace runward::harden::steps

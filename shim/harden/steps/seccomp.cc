// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <set>
#include <string>
#include <utility>

#include "seccomp/parse.h"
#include "shim/harden/engine_defaults.h"
#include "shim/harden/seccomp_filter.h"
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

const oci::Pointer& place() {
  static const oci::Pointer kPlace("/linux/seccomp");
  return kPlace;
}

// SECCOMP_FILTER_FLAG_SPEC_ALLOW switches the Spectre mitigations off for the process (seccomp(2)).
void drop_spec_allow(oci::Value& filter) {
  const auto flags = filter.find("flags");
  if (flags == filter.end()) return;
  std::erase(flags->get_ref<oci::Value::array_t&>(), oci::Value("SECCOMP_FILTER_FLAG_SPEC_ALLOW"));
  if (flags->empty()) filter.erase(flags);
}

// A runtime that does not know flags refuses the container (runc before 1.2).
void log_denials(Verdict& verdict, const Context& ctx, oci::Value& filter) {
  constexpr auto kFlag = "SECCOMP_FILTER_FLAG_LOG";
  if (!ctx.policy.seccomp.log_denials) return;
  if (!ctx.host.runtime_features || !ctx.host.runtime_features->seccomp_flags.contains(kFlag)) {
    verdict.notice(place() / "flags", "a container whose filter's refusals are not logged",
                   "use a low-level runtime that knows the flags of filters (runc 1.2 does), or drop log_denials");
    return;
  }
  std::set<std::string> flags = {kFlag};
  if (filter.contains("flags"))
    for (const oci::Value& flag : filter["flags"]) flags.insert(flag.get<std::string>());
  filter["flags"] = flags;
}

void refuse_listener(Verdict& verdict, const oci::Spec& spec) {
  if (oci::find(*spec.seccomp(), "listenerPath") != nullptr)
    verdict.refuse(place() / "listenerPath", "a seccomp filter that asks a program of the host",
                   "use a filter without listenerPath");
}

// An errno of 0 tells the program that the call was made.
void report_no_success(seccomp::Profile& asked) {
  change_outcomes(asked, [](seccomp::Outcome outcome) {
    if (outcome.action == seccomp::Action::error && outcome.data == 0) outcome.data = EPERM;
    return outcome;
  });
}

std::string reason_for(const SeccompFilter& filter) {
  std::string reason = "only what the profile's baseline lets through as well, for this machine's architecture";
  if (!filter.given_up.empty())
    reason += "; rules too many to be worked out, so not let through: " + quote(filter.given_up.front());
  return reason;
}

// What came with the container is narrowed to what the baseline lets through too.
void narrow(Verdict& verdict, const oci::Spec& spec, const Context& ctx) {
  auto asked = seccomp::parse_profile(*spec.seccomp(), "the container's seccomp filter");
  if (!asked) {
    verdict.refuse(place(), "a seccomp filter that can't be read (" + asked.error().message + ")",
                   "correct the file that --security-opt seccomp= names");
    return;
  }
  report_no_success(*asked);
  const Loaded loaded = spec.process().no_new_privileges() ? Loaded::last : Loaded::before_dropping;
  SeccompFilter filter = seccomp_filter(ctx, spec.process().capability_set("bounding"), &*asked, loaded);
  if (filter.missing_for_start) {
    verdict.refuse(place(), "a seccomp filter that never lets " + *filter.missing_for_start + " through",
                   "allow it: no container starts without it");
    return;
  }
  if (filter.hinders_dropping) {
    verdict.refuse(place(), "a seccomp filter that stops " + *filter.hinders_dropping + " where no_new_privs is off",
                   "let it through: the runtime gives up privileges by it, after this filter is loaded");
    return;
  }
  if (!asked->flags.empty()) filter.json["flags"] = asked->flags;
  drop_spec_allow(filter.json);
  log_denials(verdict, ctx, filter.json);
  verdict.set(spec.value(), place(), std::move(filter.json), reason_for(filter));
}

}  // namespace

// dockerd gives its own filter to everybody who did not ask otherwise; other engines (ctr, BuildKit) may give none.
Verdict require_seccomp(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  const bool is_none = is_unconfined(spec.seccomp());
  const bool asked = spec.seccomp() != nullptr || ctx.engine_is_docker();
  if (is_none && asked && ctx.refuses(policy::RuleId::seccomp)) {
    verdict.refuse(place(), "a container without a seccomp filter",
                   "drop --security-opt seccomp=unconfined (and 'seccomp-profile' of daemon.json), or give a filter "
                   "whose defaultAction is SCMP_ACT_ERRNO");
    return verdict;
  }
  if (ctx.seccomp_baseline == nullptr) {
    verdict.refuse(place(), "a container without a seccomp filter",
                   "the profile names no baseline to put in its place");
    return verdict;
  }
  if (is_none) {
    oci::Value ours = seccomp_filter(ctx, spec.process().capability_set("bounding"), nullptr).json;
    log_denials(verdict, ctx, ours);
    verdict.set(spec.value(), place(), std::move(ours), "the profile's baseline, as there was none");
    return verdict;
  }
  refuse_listener(verdict, spec);
  narrow(verdict, spec, ctx);
  return verdict;
}

}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

// The profile's limit, but nothing above what the container would inherit from the engine: that would raise it.
policy::Rlimit limit_here(const std::string& type, policy::Rlimit limit, const Context& ctx) {
  const auto inherited = ctx.host.rlimits.find(type);
  if (inherited == ctx.host.rlimits.end()) return limit;
  limit.hard = std::min(limit.hard, inherited->second.hard);
  limit.soft = std::min({limit.soft, inherited->second.soft, limit.hard});
  return limit;
}

std::optional<oci::Rlimit> find_limit(const std::vector<oci::Rlimit>& limits, const std::string& type) {
  const auto found = std::ranges::find(limits, type, &oci::Rlimit::type);
  return found == limits.end() ? std::nullopt : std::optional(*found);
}

// What the first process was not given, it has inherited from the engine, as we have.
std::optional<oci::Rlimit> limit_of_first(const oci::Process& first, const std::string& type, const Context& ctx) {
  if (auto given = find_limit(first.rlimits(), type)) return given;
  const auto inherited = ctx.host.rlimits.find(type);
  return inherited == ctx.host.rlimits.end() ? std::nullopt : std::optional(inherited->second);
}

Verdict as_first_process(const oci::Process& process, const Context& ctx) {
  Verdict verdict;
  const oci::Pointer list("/rlimits");
  const auto given = process.rlimits();
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto limit = limit_of_first(*ctx.first, given[i].type, ctx);
    if (!limit) continue;
    const std::uint64_t hard = std::min(given[i].hard, limit->hard);
    verdict.set(process.value(), list / i / "hard", hard, "not more than the container's first process");
    verdict.set(process.value(), list / i / "soft", std::min({given[i].soft, limit->soft, hard}),
                "not more than the container's first process");
  }
  for (const oci::Rlimit& limit : ctx.first->rlimits())
    if (!find_limit(given, limit.type))
      verdict.insert(list, std::nullopt, {{"type", limit.type}, {"soft", limit.soft}, {"hard", limit.hard}},
                     "the limit of the container's first process");
  return verdict;
}

}  // namespace

Verdict limit_rlimits(const oci::Process& process, const Context& ctx) {
  if (ctx.first != nullptr) return as_first_process(process, ctx);
  Verdict verdict;
  const auto given = process.rlimits();
  const oci::Pointer list("/rlimits");
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto rule = ctx.policy.rlimits.find(given[i].type);
    if (rule == ctx.policy.rlimits.end()) continue;
    const bool too_much = given[i].hard > rule->second.hard;
    const std::uint64_t hard = too_much ? limit_here(given[i].type, rule->second, ctx).hard : given[i].hard;
    verdict.set(process.value(), list / i / "hard", hard, "not more than the profile allows");
    verdict.set(process.value(), list / i / "soft", std::min(given[i].soft, hard), "not more than the hard limit");
  }
  for (const auto& [type, limit] : ctx.policy.rlimits) {
    if (std::ranges::find(given, type, &oci::Rlimit::type) != given.end()) continue;
    const policy::Rlimit here = limit_here(type, limit, ctx);
    verdict.insert(list, std::nullopt, {{"type", type}, {"soft", here.soft}, {"hard", here.hard}},
                   "the profile's limit, as there was none");
  }
  return verdict;
}

}  // namespace runward::harden::steps

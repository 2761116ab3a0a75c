// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/amount.h"
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

// The soft limit (memory.low on cgroup v2: what is kept from other containers) is never above the hard one.
void limit_reservation(Verdict& verdict, const oci::LinuxResources& resources, std::optional<std::uint64_t> reservation,
                       std::uint64_t limit) {
  if (reservation && *reservation > limit)
    verdict.set(resources.value(), oci::Pointer("/memory/reservation"), limit, "not more than the limit");
}

// `swap` counts memory and swap together (config-linux.md, Memory): equal to the limit it means no swap at all. That
// alone does not last on cgroup v2: runc tells systemd nothing of a swap of 0, which then writes "max" over it at its
// next reload (opencontainers/cgroups issue 74). The key itself runc hands on.
void forbid_swap(Verdict& verdict, const oci::LinuxResources& resources, const Context& ctx,
                 std::optional<std::uint64_t> limit) {
  constexpr auto kReason = "no swap beyond the memory limit";
  if (!ctx.host.swap_accounting) return;
  if (limit) verdict.set(resources.value(), oci::Pointer("/memory/swap"), *limit, kReason);
  if (ctx.host.swap_key) verdict.set(resources.value(), oci::Pointer("/unified") / kSwapKey, kNoSwap, kReason);
}

// runc takes 0 and what is absent for "as it is", and forgets keys of cgroup v2 that are absent.
Verdict limit_update(const oci::LinuxResources& resources, const Context& ctx) {
  Verdict verdict;
  const auto asked = asked_in_update(resources.integer("memory", "limit"));
  const auto swap = resources.integer("memory", "swap");
  const auto reservation = asked_in_update(resources.integer("memory", "reservation"));
  if (!asked) {
    // Whatever the limit is by now, it is not above the ceiling.
    if (const auto most = limited_in_update(reservation, ctx.policy.memory, ctx.host.memory_bytes))
      limit_reservation(verdict, resources, reservation, *most);
    if (swap && *swap != 0)
      verdict.remove(resources.value(), oci::Pointer("/memory/swap"), "no swap beyond the memory limit");
    if (ctx.policy.memory.ceiling) forbid_swap(verdict, resources, ctx, std::nullopt);
    return verdict;
  }
  const auto changed = limited_in_update(asked, ctx.policy.memory, ctx.host.memory_bytes);
  if (changed) verdict.set(resources.value(), oci::Pointer("/memory/limit"), *changed, "more than the ceiling");
  const std::uint64_t limit = changed.value_or(*asked);
  if (limit == UINT64_MAX) return verdict;  // unlimited, where the policy has no ceiling
  forbid_swap(verdict, resources, ctx, limit);
  limit_reservation(verdict, resources, reservation, limit);
  return verdict;
}

}  // namespace

Verdict limit_memory(const oci::LinuxResources& resources, const Context& ctx) {
  if (ctx.call.update) return limit_update(resources, ctx);
  Verdict verdict;
  const auto asked = asked_for(resources.integer("memory", "limit"));
  const auto changed = limited(asked, ctx.policy.memory, ctx.host.memory_bytes);
  if (changed)
    verdict.set(resources.value(), oci::Pointer("/memory/limit"), *changed,
                asked ? "more than the ceiling" : "no limit was asked for");
  const auto limit = changed ? changed : asked;
  if (!limit) return verdict;
  forbid_swap(verdict, resources, ctx, limit);
  limit_reservation(verdict, resources, asked_for(resources.integer("memory", "reservation")), *limit);
  return verdict;
}

}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/amount.h"
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

// Microseconds (sched-bwc.rst); the kernel refuses periods beyond a second, and periods and quotas below a millisecond.
constexpr std::uint64_t kDefaultPeriod = 100'000;
constexpr std::uint64_t kShortestPeriod = 1'000;
constexpr std::uint64_t kLongestPeriod = 1'000'000;
constexpr std::uint64_t kSmallestQuota = 1'000;
constexpr std::uint64_t kThousandths = 1'000;

constexpr auto kTooMuch = "more than the ceiling";
constexpr auto kTooSmall = "the same share in a quota that the kernel takes";

// Rounded up, so that nobody gets a part of a thousandth more than the ceiling.
std::uint64_t to_thousandths(std::uint64_t quota, std::uint64_t period) {
  return quota > UINT64_MAX / (2 * kThousandths) ? UINT64_MAX : (quota * kThousandths + period - 1) / period;
}

std::uint64_t to_quota(std::uint64_t thousandths, std::uint64_t period) { return thousandths * period / kThousandths; }

// The asked one, or a longer one where its quota would be too small for the kernel.
std::uint64_t period_for(std::uint64_t thousandths, std::uint64_t asked) {
  for (const std::uint64_t period : {asked, kDefaultPeriod})
    if (to_quota(thousandths, period) >= kSmallestQuota) return period;
  return kLongestPeriod;
}

// The period of the document as the kernel can take it; nothing when it gives none.
std::optional<std::uint64_t> period_of(const oci::LinuxResources& resources) {
  const auto asked = asked_in_update(resources.integer("cpu", "period"));
  return asked ? std::optional(std::clamp(*asked, kShortestPeriod, kLongestPeriod)) : std::nullopt;
}

// On cgroup v1 runc writes quota and period one after the other, and the first stays in force when the kernel refuses
// the second (fs/cpu.go). So what is judged is what is written: a period within the kernel's bounds, and no quota
// below its smallest. `thousandths` is nothing for no limit, which is nothing to write but the period.
void set_limit(Verdict& verdict, const oci::LinuxResources& resources, std::optional<std::uint64_t> thousandths,
               std::uint64_t period, const char* reason) {
  if (thousandths) {
    const std::uint64_t new_period = period_for(*thousandths, period);
    verdict.set(resources.value(), oci::Pointer("/cpu/period"), new_period, "the period of the quota");
    verdict.set(resources.value(), oci::Pointer("/cpu/quota"), to_quota(*thousandths, new_period), reason);
  } else if (period_of(resources)) {
    verdict.set(resources.value(), oci::Pointer("/cpu/period"), period, "the kernel refuses any other");
  }
}

// Half of a host that has one CPU would be half a CPU: a share that nobody asked for is at least one whole.
policy::Limit at_least_one_cpu(policy::Limit limit, std::uint64_t host_total) {
  if (limit.when_unset && !limit.when_unset->absolute)
    limit.when_unset = policy::Amount{.absolute = std::max(on_host(*limit.when_unset, host_total), kThousandths),
                                      .percent = std::nullopt};
  return limit;
}

// A quota means nothing without its period: the one that is left out is the one that holds now.
Verdict limit_update(const oci::LinuxResources& resources, const Context& ctx) {
  Verdict verdict;
  auto quota = asked_in_update(resources.integer("cpu", "quota"));
  auto period = period_of(resources);
  if (!quota && !period) return verdict;
  const bool is_complete = quota == UINT64_MAX || (quota && period);
  if (!is_complete && !(ctx.host.current && ctx.host.current->cpu_period)) {
    verdict.refuse(oci::Pointer("/cpu"), "a CPU quota or period alone, where the other one can't be read",
                   "give both, --cpu-quota and --cpu-period, or --cpus");
    return verdict;
  }
  if (!period && ctx.host.current) period = ctx.host.current->cpu_period;
  if (!quota) quota = ctx.host.current->cpu_quota;
  const std::uint64_t in_period = period.value_or(kDefaultPeriod);
  std::optional<std::uint64_t> changed;  // no quota: there is no limit now, and none is asked for
  bool too_small = false;
  if (quota) {
    const std::uint64_t asked = to_thousandths(*quota, in_period);
    changed = limited_in_update(asked, ctx.policy.cpu, ctx.host.cpu_count * kThousandths);
    too_small = !changed && *quota < kSmallestQuota;
    if (too_small) changed = asked;
  }
  set_limit(verdict, resources, changed, in_period, too_small ? kTooSmall : kTooMuch);
  return verdict;
}

}  // namespace

Verdict limit_cpu(const oci::LinuxResources& resources, const Context& ctx) {
  Verdict verdict;
  if (!ctx.host.cpu_quota_supported) return verdict;
  if (ctx.call.update) return limit_update(resources, ctx);
  const std::uint64_t host_total = ctx.host.cpu_count * kThousandths;
  const std::uint64_t period = period_of(resources).value_or(kDefaultPeriod);
  const auto asked_quota = asked_for(resources.integer("cpu", "quota"));
  const auto asked = asked_quota ? std::optional(to_thousandths(*asked_quota, period)) : std::nullopt;
  auto changed = limited(asked, at_least_one_cpu(ctx.policy.cpu, host_total), host_total);
  const bool too_small = !changed && asked_quota && *asked_quota < kSmallestQuota;
  if (too_small) changed = asked;
  set_limit(verdict, resources, changed, period, too_small ? kTooSmall : asked ? kTooMuch : "no limit was asked for");
  return verdict;
}

}  // namespace runward::harden::steps

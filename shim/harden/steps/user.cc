// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

constexpr std::uint64_t kNogroup = 65534;  // Debian's nogroup, the kernel's overflowgid

}  // namespace

// gid 0 and groups such as disk or shadow own files on the host that group members may write; without an own user
// namespace a number is the same group inside and outside.
Verdict limit_user(const oci::Process& process, const Context& ctx) {
  Verdict verdict;
  const auto& rule = ctx.policy.user;
  const bool is_root = process.uid() == 0;
  if (is_root && !rule.root_allowed)
    verdict.refuse(oci::Pointer("/user/uid"), "user 0 (root)",
                   "give --user with another id, or a USER line in the Dockerfile");
  const bool root_group_stays = is_root || (process.gid() == 0 && rule.root_group_allowed);
  const auto dropped = [&](std::uint64_t gid) {
    if (gid == 0 && root_group_stays) return false;
    return gid <= UINT32_MAX && rule.dropped_gids.contains(static_cast<std::uint32_t>(gid));
  };
  const bool primary_dropped = process.gid() == 0 ? !root_group_stays : dropped(process.gid());
  const std::uint64_t replacement = dropped(process.uid()) ? kNogroup : process.uid();
  if (primary_dropped)
    verdict.set(process.value(), oci::Pointer("/user/gid"), replacement,
                "group " + std::to_string(process.gid()) + " is not allowed: the user's own number in its place");
  const auto groups = process.additional_gids();
  for (std::size_t i = groups.size(); i-- > 0;)
    if (dropped(groups[i]))
      verdict.remove(process.value(), oci::Pointer("/user/additionalGids") / i,
                     "group " + std::to_string(groups[i]) + " is in dropped_gids");
  return verdict;
}

}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {

// Below 0 the host's own services are killed before the container (proc(5)). Without a value it would inherit the
// shim's, which containerd sets far below 0.
Verdict limit_oom_score(const oci::Process& process, const Context& ctx) {
  Verdict verdict;
  const bool only_as_first = ctx.only_as_first(policy::RuleId::oom_score);
  if (only_as_first && !ctx.first->oom_score_adj()) return verdict;
  const std::int64_t least = only_as_first ? *ctx.first->oom_score_adj() : ctx.policy.oom_score_min;
  const std::int64_t wanted =
      ctx.first != nullptr ? std::max(least, ctx.first->oom_score_adj().value_or(least)) : least;
  const auto asked = process.oom_score_adj();
  if (asked && *asked >= wanted) return verdict;
  const oci::Pointer where("/oomScoreAdj");
  if (asked && *asked < least && !only_as_first && ctx.refuses(policy::RuleId::oom_score))
    verdict.refuse(where, "oom_score_adj " + std::to_string(*asked),
                   "drop --oom-score-adj or give at least " + std::to_string(least));
  else
    verdict.set(process.value(), where, wanted, "the container is killed before the host's services");
  return verdict;
}

}  // namespace runward::harden::steps

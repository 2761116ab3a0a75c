// SPDX-License-Identifier: Apache-2.0
#include "shim/running_container.h"

namespace runward {

// It carries no document: the rules have the call alone.
Error govern_checkpoint(const runtime::Invocation& call, const Argv& argv, const policy::Config& config) {
  return govern_running(call, argv, config, [&](const RunningContainer& container, EventWriter& event) -> Result<Argv> {
    const host::HostFacts nothing;
    const harden::Context context{.policy = container.policy,
                                  .host = nothing,
                                  .call = {.checkpoint = true},
                                  .seccomp_baseline = nullptr,
                                  .first = nullptr};
    SHIM_CHECK(settle(harden::judge_call(context), container.policy, event));
    return argv;
  });
}

}  // namespace runward

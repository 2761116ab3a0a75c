// SPDX-License-Identifier: Apache-2.0
#include "shim/govern.h"

#include "runward_build_info.h"
#include "shim/policy/store.h"

namespace runward {

Error govern(const runtime::Invocation& call, const Argv& argv) {
  Result<policy::Config> config = policy::load_config(build_info::kConfigDir);
  if (!config) return std::move(config).error();
  switch (call.command) {
    case runtime::Command::exec:
      return govern_exec(call, argv, *config);
    case runtime::Command::update:
      return govern_update(call, argv, *config);
    case runtime::Command::checkpoint:
      return govern_checkpoint(call, argv, *config);
    default:
      return govern_create(call, argv, *config);
  }
}

}  // namespace runward

// SPDX-License-Identifier: Apache-2.0
#include "shim/refresh_before_reload.h"

#include "runward_build_info.h"
#include "shim/host/running.h"
#include "shim/runtime/reload_signal.h"
#include "shim/state/decisions.h"
#include "shim/userns/refresh.h"

namespace runward {

void refresh_before_reload(const runtime::Invocation& kill) {
  if (kill.arguments.size() < 2 || !runtime::tells_to_reload(kill.arguments[1])) return;
  if (!runtime::is_valid_container_id(kill.container_id)) return;
  const auto decision = state::Decisions(build_info::kStateDir).find(kill.root, kill.container_id);
  if (!decision || !*decision || !(*decision)->users) return;
  const auto pid = host::first_process_of((*decision)->pid_file, (*decision)->runtime_root, (*decision)->container);
  if (pid) userns::refresh_rootfs(*pid);
}

}  // namespace runward

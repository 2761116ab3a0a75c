// SPDX-License-Identifier: Apache-2.0
#pragma once

// Lets an overlay forget what it has seen of its layers and does not use now: where two overlays have one folder for a
// layer (`docker cp`), neither notices what the other one changes.
//
//   userns::refresh_rootfs(pid);                    // of a container, by its first process
//   userns::refresh_overlay(".../overlay2/ID/merged");  // the engine's
//
// It is a reconfiguration without a change (fspick(2), fsconfig(2)), and nothing happens to what is no overlay: a
// process may have changed its root to any other mount. That waits for whoever syncs the same filesystem, a program in
// the container too, and can't be ended meanwhile; so a child of ours does it, and after a second we go on without it.

#include <sys/types.h>

#include <string>

namespace runward::userns {

void refresh_rootfs(pid_t pid);
void refresh_overlay(const std::string& path);

}  // namespace runward::userns

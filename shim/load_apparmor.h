// SPDX-License-Identifier: Apache-2.0
#pragma once

// Before the low-level runtime starts: the AppArmor profile that the process is to get must be in the kernel, else the
// runtime fails with `write /proc/self/attr/apparmor/exec: no such file or directory`.

#include "shim/base/result.h"
#include "shim/oci/spec.h"

namespace runward {

// Loads it if it is one of runward's own and not loaded, or not with the text that it has now. Other names are the
// engine's or an administrator's to load; a host without AppArmor has nothing to load.
Status load_apparmor_profile(const oci::Process& process);

}  // namespace runward

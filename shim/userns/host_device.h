// SPDX-License-Identifier: Apache-2.0
#pragma once

// In a user namespace nobody makes device nodes: the low-level runtime binds the host's of the same name, whatever
// numbers the document and the device cgroup have.

#include "shim/oci/spec.h"

namespace runward::userns {

// The host has that device, with these numbers, below /dev at a place where nobody but root can put another one.
bool is_hosts_device(const oci::Device& device);

}  // namespace runward::userns

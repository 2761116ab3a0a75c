// SPDX-License-Identifier: Apache-2.0
#pragma once

// A profile as JSON in the form of the OCI runtime-spec, one print for one meaning: calls with the same rules stand
// together, all is sorted. Docker's --security-opt seccomp=FILE takes the same form.

#include "seccomp/profile.h"
#include "shim/oci/value.h"

namespace runward::seccomp {

oci::Value to_json(const Profile& profile);

}  // namespace runward::seccomp

// SPDX-License-Identifier: Apache-2.0
#pragma once

// An independent judge of promise "monotone": what a document gives a container, read straight from the JSON with the
// meaning that runc and the kernel give it. It shares no code with the steps, so that a mistake there is no mistake
// here.

#include <string>
#include <vector>

#include "seccomp/parse.h"
#include "shim/oci/value.h"
#include "shim/policy/policy.h"

namespace runward::property {

// Everything that `after` gives and `before` did not, in words, except what the policy names (scratch mounts, lists,
// limits, the baseline filter). Empty: access was not widened. Both are whole specs; parts may be missing.
std::vector<std::string> widened(const oci::Value& before, const oci::Value& after, const policy::Policy& policy,
                                 const seccomp::Template& seccomp_baseline);

}  // namespace runward::property

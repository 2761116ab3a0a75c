// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the rules decided, as events hold it (runward-events(5): `rules`), in text: for `explain` and `events`.

#include <string>

#include "shim/oci/value.h"

namespace runward::ctl {

// Every change and finding, under the name of its rule.
std::string describe_rules(const oci::Value& rules);

// One line: "capabilities, rootfs, memory", the rules that changed something.
std::string changed_rules(const oci::Value& rules);

// "−CAP_MKNOD −CAP_NET_RAW" for two lists of texts; else both values, shortened.
std::string describe_change(const oci::Value* before, const oci::Value* after);

// Without the values of environment variables and the arguments of programs, as hooks have them.
oci::Value without_secrets(oci::Value value);

}  // namespace runward::ctl

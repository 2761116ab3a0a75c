// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ways around runward, proved by going them: a throw-away container by each, and a look at what it got. Everything
// that is made carries one label or lies in one folder, and is removed in the end, also after a ^C.

#include <optional>
#include <string>

#include "shim/ctl/doctor/docker.h"
#include "shim/ctl/doctor/facts.h"
#include "shim/ctl/doctor/spawn.h"
#include "shim/policy/policy.h"

namespace runward::ctl::doctor {

struct WaysInput {
  const Docker& docker;
  std::string runtime;               // the name under which runward is registered; empty: it is not
  policy::Policy policy;             // that a container of it gets
  std::optional<std::string> image;  // to use in place of one that doctor makes
};

WaysFacts try_ways(const WaysInput& input, Interruption& interruption);

}  // namespace runward::ctl::doctor

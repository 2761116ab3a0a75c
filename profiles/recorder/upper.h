// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a container left in the writable layer of its root filesystem: a walk through the overlay's upper folder
// (Documentation/filesystems/overlayfs.rst). Links are never followed: whoever wrote the layer may be hostile.

#include <string>
#include <vector>

#include "profiles/recording.h"
#include "shim/base/result.h"

namespace runward::profiles::record {

struct WritableLayer {
  std::string upper;               // absolute
  std::vector<std::string> lower;  // the topmost first
};

struct SeenUpper {
  Upper upper;
  bool is_whole = true;  // false: there was more than a recording takes
};

Result<SeenUpper> walk_upper(const WritableLayer& layer);

}  // namespace runward::profiles::record

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The layers of an overlay that an engine has mounted, from its options (Documentation/filesystems/overlayfs.rst): the
// kernel tells them of one mount (host/told_mounts.h), or they stand in mountinfo (proc(5)) among those of all others.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shim/base/result.h"

namespace runward::userns {

struct Layers {
  std::vector<std::string> lower;    // absolute, the topmost first
  std::string upper;                 // absolute; empty: mounted without
  std::vector<std::string> options;  // those that change what its layers mean: "metacopy=on", "userxattr", "context=…"
};

// Of the overlay that is mounted at `path`, which is absolute and free of symbolic links. Nothing: no overlay is
// mounted there. An error: one that can't be told apart into layers.
Result<std::optional<Layers>> read_layers(const std::string& path);
// The same from the text of a mountinfo.
Result<std::optional<Layers>> find_layers(std::string_view mountinfo, const std::string& path);

}  // namespace runward::userns

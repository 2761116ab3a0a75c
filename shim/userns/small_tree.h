// SPDX-License-Identifier: Apache-2.0
#pragma once

// Small files and folders by copy, for filesystems that can't be idmapped: secrets and configs that an engine puts on a
// tmpfs, before Linux 6.3. A copy does not follow later changes, and what the container writes to it is gone with it.

#include <string>

#include "shim/base/result.h"
#include "shim/base/unique_fd.h"
#include "shim/userns/idmap.h"

namespace runward::userns {

// At most 64 regular files and folders and 1 MiB, nothing else.
bool is_small(const UniqueFd& tree);

// With modes, and with owners as the container is to see them.
Status copy_small(const UniqueFd& tree, const std::string& target, const IdRange& range);

}  // namespace runward::userns

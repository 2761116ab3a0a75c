// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a root filesystem is of a dockerd with userns-remap, which keeps what it shifts below a folder that is named
// after the ids and owned by them: /var/lib/docker/100000.100000. Outside of that namespace its files are nobody's.

#include <filesystem>

namespace runward::userns {

bool is_remapped(const std::filesystem::path& rootfs);

}  // namespace runward::userns

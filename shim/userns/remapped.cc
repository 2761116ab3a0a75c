// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/remapped.h"

#include <sys/stat.h>

#include <cstdio>
#include <string>

namespace runward::userns {

bool is_remapped(const std::filesystem::path& rootfs) {
  for (std::filesystem::path folder = rootfs; folder.has_relative_path(); folder = folder.parent_path()) {
    unsigned uid = 0;
    unsigned gid = 0;
    int length = 0;
    const std::string name = folder.filename();
    const bool is_named = std::sscanf(name.c_str(), "%u.%u%n", &uid, &gid, &length) == 2 &&
                          length == static_cast<int>(name.size()) && uid != 0 && gid != 0;
    struct stat status {};
    if (is_named && ::stat(folder.c_str(), &status) == 0 && (status.st_uid == uid || status.st_gid == gid)) return true;
  }
  return false;
}

}  // namespace runward::userns

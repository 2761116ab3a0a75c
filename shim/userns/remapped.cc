// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/remapped.h"

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "shim/base/number.h"

namespace runward::userns {

bool is_remapped(const std::filesystem::path& rootfs) {
  for (std::filesystem::path folder = rootfs; folder.has_relative_path(); folder = folder.parent_path()) {
    const std::string name = folder.filename();
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos) continue;
    const auto uid = parse_number<std::uint32_t>(name.substr(0, dot)).value_or(0);
    const auto gid = parse_number<std::uint32_t>(name.substr(dot + 1)).value_or(0);
    struct stat status {};
    if (uid != 0 && gid != 0 && ::stat(folder.c_str(), &status) == 0 && (status.st_uid == uid || status.st_gid == gid))
      return true;
  }
  return false;
}

}  // namespace runward::userns

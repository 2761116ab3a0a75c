// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/host_device.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "shim/userns/staging_folder.h"

namespace runward::userns {
namespace {

bool only_root_writes_above(const std::string& path) {
  struct stat status {};
  for (std::string folder = parent_of(path); folder != "/"; folder = parent_of(folder))
    if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != 0 ||
        (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
      return false;
  return true;
}

}  // namespace

bool is_hosts_device(const oci::Device& device) {
  struct stat status {};
  if (!device.path.starts_with("/dev/") || std::filesystem::path(device.path).lexically_normal() != device.path)
    return false;
  if (::lstat(device.path.c_str(), &status) != 0 || !only_root_writes_above(device.path)) return false;
  const bool is_type = device.type == "b" ? S_ISBLK(status.st_mode) : S_ISCHR(status.st_mode) && device.type != "p";
  return is_type && static_cast<std::int64_t>(major(status.st_rdev)) == device.major &&
         static_cast<std::int64_t>(minor(status.st_rdev)) == device.minor;
}

}  // namespace runward::userns

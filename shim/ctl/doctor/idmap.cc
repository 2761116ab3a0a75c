// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/doctor/idmap.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <sstream>

#include "shim/base/file.h"
#include "shim/userns/idmap.h"

namespace runward::ctl::doctor {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{4} << 20U;

}  // namespace

Status try_idmapped(const UniqueFd& user_namespace, const std::string& directory) {
  SHIM_TRY(const UniqueFd tree, userns::clone_tree(AT_FDCWD, directory, false));
  return userns::make_idmapped(tree, user_namespace, directory);
}

Status try_idmapped_tmpfs(const UniqueFd& user_namespace) {
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
  if (!context) return errno_error("fsopen", "tmpfs");
  if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return errno_error("fsconfig", "tmpfs");
  const UniqueFd mount(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  if (!mount) return errno_error("fsmount", "tmpfs");
  return userns::make_idmapped(mount, user_namespace, "tmpfs");
}

// "36 35 98:0 /root /mnt rw,noatime shared:1 - ext3 /dev/root rw"; proc(5)
Result<std::string> filesystem_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno_error("stat", path);
  SHIM_TRY(const std::string text, read_file("/proc/self/mountinfo", kMaxBytes));
  const std::string device = std::to_string(major(status.st_dev)) + ":" + std::to_string(minor(status.st_dev));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    std::string its_device;
    words >> word >> word >> its_device;
    const std::size_t dash = line.find(" - ");
    if (its_device != device || dash == std::string::npos) continue;
    return line.substr(dash + 3, line.find(' ', dash + 3) - dash - 3);
  }
  return make_error(ErrorKind::io, "no mount with the device of '" + path + "'");
}

}  // namespace runward::ctl::doctor

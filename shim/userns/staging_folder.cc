// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/staging_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>

#include "shim/base/fnv1a.h"

namespace runward::userns {
namespace {

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string mount_name(std::size_t index) { return "m/" + std::to_string(index); }
std::string namespace_name(const std::string& type) { return "n/" + type; }

Status make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return errno_error("make folder", path);
  return ok();
}

std::string staging_folder(const std::string& state_dir, const Owner& owner) {
  Fnv1a hash;
  hash.add(owner.runtime_root);
  return state_dir + "/rootfs/" + name_of(owner.runtime_root) + "-" + hash.hex() + "/" + owner.container;
}

void sweep_staging_folders(const std::string& state_dir, const std::string& runtime_root) {
  constexpr std::time_t kYoung = 60;
  const std::string top = parent_of(staging_folder(state_dir, {.runtime_root = runtime_root, .container = "x"}));
  std::error_code error;
  for (std::filesystem::directory_iterator entry(top, error), end; !error && entry != end; entry.increment(error)) {
    struct stat folder {};
    struct stat container {};
    const std::string id = entry->path().filename();
    const bool is_known =
        ::lstat(std::string(runtime_root).append("/").append(id).c_str(), &container) == 0 || errno != ENOENT;
    if (::lstat(entry->path().c_str(), &folder) != 0 || is_known) continue;
    if (std::time(nullptr) - folder.st_mtim.tv_sec >= kYoung) remove_staging_folder(entry->path());
  }
}

void remove_staging_folder(const std::string& folder) {
  ::rmdir((folder + "/" + kRootfs).c_str());
  ::rmdir(folder.c_str());
}

}  // namespace runward::userns

// SPDX-License-Identifier: Apache-2.0
#include "shim/host/rootfs_folders.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string_view>

#include "shim/base/unique_fd.h"

namespace runward::host {
namespace {

// Beyond these a folder counts as one with special files: its content is then not copied.
constexpr int kMaxDepth = 8;
constexpr int kMaxEntries = 4096;

UniqueFd open_in_root(int rootfs, const std::string& path) {
  struct open_how how {};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, rootfs, path.c_str(), &how, sizeof how)));
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

bool is_copied_well(unsigned char type) { return type == DT_REG || type == DT_LNK || type == DT_DIR; }

struct Content {
  int entries = 0;
  bool special = false;
};

void look_inside(UniqueFd folder, int depth, Content& content) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::fdopendir(folder.get()));
  if (directory == nullptr || depth > kMaxDepth) {
    content.special = true;
    return;
  }
  static_cast<void>(folder.release());  // the DIR owns it now
  while (const dirent* const entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (++content.entries > kMaxEntries || !is_copied_well(entry->d_type)) content.special = true;
    if (content.special) return;
    if (entry->d_type == DT_DIR)
      look_inside(
          UniqueFd(::openat(::dirfd(directory.get()), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)),
          depth + 1, content);
  }
}

std::optional<RootfsFolder> look_at(int rootfs, const std::string& path) {
  UniqueFd fd = open_in_root(rootfs, path);
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return std::nullopt;
  Content content;
  look_inside(std::move(fd), 0, content);
  return RootfsFolder{.uid = status.st_uid,
                      .gid = status.st_gid,
                      .mode = status.st_mode & 07777U,
                      .empty = content.entries == 0,
                      .has_special_files = content.special};
}

}  // namespace

std::map<std::string, RootfsFolder> probe_rootfs_folders(const std::string& rootfs,
                                                         const std::vector<policy::Scratch>& scratch) {
  std::map<std::string, RootfsFolder> folders;
  const UniqueFd fd(::open(rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return folders;
  for (const policy::Scratch& entry : scratch)
    if (const auto folder = look_at(fd.get(), entry.path)) folders.emplace(entry.path, *folder);
  return folders;
}

}  // namespace runward::host

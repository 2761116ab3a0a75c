// SPDX-License-Identifier: Apache-2.0
#include "profiles/recorder/upper.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "shim/base/file.h"
#include "shim/base/unique_fd.h"

namespace runward::profiles::record {
namespace {

constexpr std::size_t kMaxPaths = 200'000;
constexpr std::size_t kMaxDepth = 128;

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

enum class Below { nothing, whiteout, something };

bool is_whiteout(const struct stat& status) { return S_ISCHR(status.st_mode) && status.st_rdev == 0; }

// What one layer has at a path. None of its links is followed: the path is that of the upper layer's own folders.
Below look_below(const UniqueFd& layer, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  const UniqueFd file(static_cast<int>(::syscall(SYS_openat2, layer.get(), path.c_str() + 1, &how, sizeof how)));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return Below::nothing;
  return is_whiteout(status) ? Below::whiteout : Below::something;
}

class Walk {
 public:
  Walk(const std::vector<std::string>& lower) {
    for (const std::string& path : lower)
      if (auto layer = open_directory(path)) lower_.push_back(*std::move(layer));
  }

  void enter(int folder, const std::string& path, std::size_t depth) {
    Directory directory(::fdopendir(folder), &::closedir);
    if (!directory) {
      ::close(folder);
      return;
    }
    while (const dirent* const entry = ::readdir(directory.get())) {
      const std::string name(&entry->d_name[0]);
      if (name != "." && name != "..")
        see(::dirfd(directory.get()), name, std::string(path).append("/").append(name), depth);
    }
  }

  SeenUpper seen;

 private:
  void see(int folder, const std::string& name, const std::string& path, std::size_t depth) {
    struct stat status {};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    bytes_ += path.size();
    if (count_ >= kMaxPaths || bytes_ > kMaxBytes || depth >= kMaxDepth) {
      seen.is_whole = false;
      return;
    }
    ++count_;
    if (is_whiteout(status)) {
      seen.upper.deleted.insert(path);
      return;
    }
    const bool was_there = was_in_image(path);
    // A folder that was there is here for what is below it.
    if (!was_there) seen.upper.created.insert(path);
    if (was_there && !S_ISDIR(status.st_mode)) seen.upper.written.insert(path);
    if (!S_ISDIR(status.st_mode)) return;
    const int next = ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0) return;
    if (was_there && is_opaque(next)) seen.upper.written.insert(path);
    enter(next, path, depth + 1);
  }

  // Made anew in place of one that was deleted.
  static bool is_opaque(int folder) {
    char value = 0;
    return ::fgetxattr(folder, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
  }

  [[nodiscard]] bool was_in_image(const std::string& path) const {
    for (const UniqueFd& layer : lower_) {
      const Below below = look_below(layer, path);
      if (below != Below::nothing) return below == Below::something;
    }
    return false;
  }

  std::vector<UniqueFd> lower_;
  // A container can make names of 255 bytes below one another; the host's memory is not its own.
  static constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;

  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<SeenUpper> walk_upper(const WritableLayer& layer) {
  SHIM_TRY(UniqueFd upper, open_directory(layer.upper));
  Walk walk(layer.lower);
  walk.enter(upper.release(), "", 0);
  return std::move(walk.seen);
}

}  // namespace runward::profiles::record

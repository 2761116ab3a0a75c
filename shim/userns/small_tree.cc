// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/small_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "shim/base/file.h"

namespace runward::userns {
namespace {

constexpr std::size_t kMostEntries = 64;
constexpr int kMostDepth = 8;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 20U;

struct Budget {
  std::size_t entries = kMostEntries;
  std::uint64_t bytes = kMostBytes;
};

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

// What open_tree gives can't be read from: it is opened anew, by way of its descriptor.
UniqueFd open_again(const UniqueFd& fd, int flags) {
  return UniqueFd(::open(("/proc/self/fd/" + std::to_string(fd.get())).c_str(), flags | O_RDONLY | O_CLOEXEC));
}

UniqueFd open_inside(const UniqueFd& folder, const std::string& name) {
  return UniqueFd(::openat(folder.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

std::vector<std::string> names_in(const UniqueFd& folder) {
  std::vector<std::string> names;
  UniqueFd fd = open_again(folder, O_DIRECTORY);
  if (!fd) return names;
  const std::unique_ptr<DIR, CloseDirectory> directory(::fdopendir(fd.get()));
  if (directory == nullptr) return names;
  static_cast<void>(fd.release());  // the DIR owns it now
  while (const dirent* const entry = names.size() <= kMostEntries ? ::readdir(directory.get()) : nullptr)
    if (const std::string_view name = &entry->d_name[0]; name != "." && name != "..") names.emplace_back(name);
  return names;
}

bool fits(const UniqueFd& fd, int depth, Budget& budget) {
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || depth > kMostDepth || budget.entries-- == 0) return false;
  if (S_ISREG(status.st_mode)) {
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size > budget.bytes) return false;
    budget.bytes -= size;
    return true;
  }
  if (!S_ISDIR(status.st_mode)) return false;
  for (const std::string& name : names_in(fd))
    if (!fits(open_inside(fd, name), depth + 1, budget)) return false;
  return true;
}

Status set_owner(const std::string& target, const struct stat& status, const IdRange& range) {
  const auto mapped = [&](std::uint64_t id) {
    return static_cast<uid_t>(range.first + (id < range.size ? id : 65534));
  };
  if (::chown(target.c_str(), mapped(status.st_uid), mapped(status.st_gid)) != 0) return errno_error("chown", target);
  if (::chmod(target.c_str(), status.st_mode & 07777U) != 0) return errno_error("chmod", target);
  return ok();
}

Status copy(const UniqueFd& from, const std::string& target, const IdRange& range, int depth, Budget& budget) {
  struct stat status {};
  const bool is_known = from && ::fstat(from.get(), &status) == 0;
  if (!is_known || depth > kMostDepth || budget.entries-- == 0)
    return make_error(ErrorKind::io, "'" + target + "' was changed while it was copied");
  if (S_ISREG(status.st_mode)) {
    SHIM_TRY(const std::string text, read_all(open_again(from, O_NONBLOCK), budget.bytes, target));
    budget.bytes -= text.size();
    const UniqueFd fd(::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return errno_error("open", target);
    SHIM_CHECK(write_all(fd.get(), text, target));
    return set_owner(target, status, range);
  }
  if (!S_ISDIR(status.st_mode)) return make_error(ErrorKind::io, "'" + target + "' was changed while it was copied");
  if (::mkdir(target.c_str(), 0700) != 0) return errno_error("make folder", target);
  for (const std::string& name : names_in(from))
    SHIM_CHECK(copy(open_inside(from, name), std::string(target).append("/").append(name), range, depth + 1, budget));
  return set_owner(target, status, range);
}

}  // namespace

bool is_small(const UniqueFd& tree) {
  Budget budget;
  return fits(tree, 0, budget);
}

Status copy_small(const UniqueFd& tree, const std::string& target, const IdRange& range) {
  Budget budget;
  return copy(tree, target, range, 0, budget);
}

}  // namespace runward::userns

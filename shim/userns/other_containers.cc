// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/other_containers.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "shim/base/unique_fd.h"
#include "shim/host/answering_sources.h"
#include "shim/host/told_mounts.h"

// umount2(2) of glibc, whose header does not go together with the kernel's before Linux 5.19.
extern "C" int umount2(const char* target, int flags) noexcept;

namespace runward::userns {
namespace {

using host::is_or_below;
using host::MountEntry;

constexpr std::size_t kWorthIt = 64;  // mounts that go; tests/bench/userns.sh live
constexpr std::size_t kGoForOne = 4;  // and so many for each that has to be put in its place again
constexpr std::ptrdiff_t kDepth = 4;  // folders in the path of what an engine mounts for one container, or more
constexpr int kDetach = 2;            // MNT_DETACH

// "/a/1/c" and "/a/2/c".
bool differ_in_one_folder(std::string_view one, std::string_view other) {
  const std::string_view shorter = one.size() < other.size() ? one : other;
  const std::string_view longer = one.size() < other.size() ? other : one;
  const auto front = static_cast<std::size_t>(std::ranges::mismatch(shorter, longer).in1 - shorter.begin());
  const std::size_t begin = shorter.substr(0, front).rfind('/') + 1;
  one.remove_prefix(begin);
  other.remove_prefix(begin);
  const std::size_t one_end = std::min(one.find('/'), one.size());
  const std::size_t other_end = std::min(other.find('/'), other.size());
  return one.substr(one_end) == other.substr(other_end) && one != other;
}

// Whether the server of a filesystem is asked when a path leads to its root, as NFS's is (d_weak_revalidate; Linux,
// Documentation/filesystems/vfs.rst). FUSE has nothing of the kind.
bool is_asked(std::string_view filesystem) {
  return host::may_not_answer(filesystem) && !filesystem.starts_with("fuse") && filesystem != "virtiofs";
}

class Choice {
 public:
  Choice(const std::vector<MountEntry>& mounts, const Belongings& belongings) : belongings_(belongings) {
    for (const MountEntry& mount : mounts)
      if (is_own(mount)) own_.push_back(&mount);
    for (const MountEntry& mount : mounts) (is_others(mount) ? gone_ : kept_).push_back(&mount);
  }

  [[nodiscard]] std::optional<std::vector<Branch>> branches() const {
    std::vector<Branch> branches;
    if (gone_.size() < kWorthIt || !has_one_root() || std::ranges::any_of(kept_, &MountEntry::is_unbindable))
      return std::nullopt;
    for (auto at = kept_.begin(); at != kept_.end(); ++at) {
      const MountEntry* const mount = *at;
      const auto covers = [&](const Branch& branch) {
        return branch.is_whole && is_or_below(mount->mount_point, branch.mount_point);
      };
      if (std::ranges::any_of(branches, covers) || has_gone_above(*mount) || is_hidden(at)) continue;
      if (is_asked(mount->filesystem) || mount->root.ends_with("//deleted")) return std::nullopt;
      branches.push_back({.mount_point = mount->mount_point, .is_whole = !has_gone_below(*mount)});
      if (branches.size() * kGoForOne > gone_.size()) return std::nullopt;
    }
    return branches;
  }

 private:
  [[nodiscard]] bool is_own(const MountEntry& mount) const {
    const std::string& path = mount.mount_point;
    const bool is_shared_memory = path == belongings_.shared_memory && mount.filesystem == "tmpfs";
    return std::ranges::count(path, '/') >= kDepth && (path == belongings_.rootfs || is_shared_memory);
  }
  [[nodiscard]] bool is_others(const MountEntry& mount) const {
    const auto is_like = [&](const MountEntry* own) {
      return own->filesystem == mount.filesystem && differ_in_one_folder(own->mount_point, mount.mount_point);
    };
    return (mount.filesystem == "nsfs" || std::ranges::any_of(own_, is_like)) && !is_named(mount.mount_point);
  }
  [[nodiscard]] bool is_named(const std::string& point) const {
    const auto are_of_one_place = [&](const std::string& path) {
      return is_or_below(path, point) || is_or_below(point, path);
    };
    const bool has_memory = !belongings_.shared_memory.empty() && are_of_one_place(belongings_.shared_memory);
    return has_memory || are_of_one_place(belongings_.rootfs) || is_or_below(belongings_.working_folder, point) ||
           std::ranges::any_of(belongings_.paths, are_of_one_place);
  }
  // Mounted over once more, "/" hides what the table goes on listing.
  [[nodiscard]] bool has_one_root() const {
    return std::ranges::count(kept_, "/", &MountEntry::mount_point) == 1 && kept_.front()->mount_point == "/";
  }
  // A mount comes after the one that it lies on, so one that comes later and higher up has been put over it.
  [[nodiscard]] bool is_hidden(std::vector<const MountEntry*>::const_iterator mount) const {
    return std::any_of(mount + 1, kept_.end(),
                       [&](const MountEntry* later) { return is_or_below((*mount)->mount_point, later->mount_point); });
  }
  [[nodiscard]] bool has_gone_above(const MountEntry& mount) const {
    return std::ranges::any_of(
        gone_, [&](const MountEntry* gone) { return is_or_below(mount.mount_point, gone->mount_point); });
  }
  [[nodiscard]] bool has_gone_below(const MountEntry& mount) const {
    return std::ranges::any_of(
        gone_, [&](const MountEntry* gone) { return is_or_below(gone->mount_point, mount.mount_point); });
  }

  const Belongings& belongings_;
  std::vector<const MountEntry*> own_;
  std::vector<const MountEntry*> gone_;
  std::vector<const MountEntry*> kept_;
};

// Mount points have no symbolic links in their paths; one that has is not what the table told of.
Result<UniqueFd> open_point(int directory, const std::string& path) {
  struct open_how how {};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
  if (!fd) return errno_error("open", path);
  return fd;
}

// With the propagation that it has, unlike clone_tree.
Result<UniqueFd> clone_branch(const Branch& branch) {
  SHIM_TRY(const UniqueFd point, open_point(AT_FDCWD, branch.mount_point));
  const unsigned flags =
      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (branch.is_whole ? unsigned{AT_RECURSIVE} : 0U);
  UniqueFd tree(static_cast<int>(::syscall(SYS_open_tree, point.get(), "", flags)));
  if (!tree) return errno_error("open_tree", branch.mount_point);
  return tree;
}

Status attach_at(const UniqueFd& tree, const UniqueFd& point, const std::string& name) {
  constexpr unsigned kByDescriptors = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  if (::syscall(SYS_move_mount, tree.get(), "", point.get(), "", kByDescriptors) != 0)
    return errno_error("move_mount", name);
  return ok();
}

// On top of what is at `folder`: the root that is to be, and in it all that stays.
Result<UniqueFd> plant(const std::vector<Branch>& branches, const std::string& folder) {
  SHIM_TRY(UniqueFd root, clone_branch(branches.front()));
  SHIM_TRY(const UniqueFd point, open_point(AT_FDCWD, folder));
  SHIM_CHECK(attach_at(root, point, folder));
  for (std::size_t i = 1; i < branches.size(); ++i) {
    SHIM_TRY(const UniqueFd tree, clone_branch(branches[i]));
    SHIM_TRY(const UniqueFd place, open_point(root.get(), branches[i].mount_point.substr(1)));
    SHIM_CHECK(attach_at(tree, place, branches[i].mount_point));
  }
  return root;
}

// The working folder, which the call's relative paths begin at. In the new tree there is only its path to find it by,
// and somebody may have put another one there.
class WorkingFolder {
 public:
  WorkingFolder() : fd_(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    std::error_code error;
    path_ = std::filesystem::current_path(error).native();
    if (error || !fd_ || ::fstat(fd_.get(), &status_) != 0) path_.clear();
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool is_at_its_path() const { return path_.starts_with('/') && is(path_.c_str()); }
  [[nodiscard]] Status go_back() const {
    if (::fchdir(fd_.get()) != 0) return errno_error("change to", path_);
    return ok();
  }
  [[nodiscard]] Status enter_again() const {
    if (::chdir(path_.c_str()) != 0) return errno_error("change to", path_);
    if (!is(".")) return make_error(ErrorKind::io, "the working folder '" + path_ + "' has become another one");
    return ok();
  }

 private:
  [[nodiscard]] bool is(const char* path) const {
    struct stat now {};
    return ::stat(path, &now) == 0 && now.st_dev == status_.st_dev && now.st_ino == status_.st_ino;
  }

  UniqueFd fd_;
  std::string path_;
  struct stat status_ {};
};

}  // namespace

std::optional<std::vector<Branch>> without_other_containers(const std::vector<MountEntry>& mounts,
                                                            const Belongings& belongings) {
  return Choice(mounts, belongings).branches();
}

Status leave_other_containers_out(const std::string& folder, Belongings belongings) {
  if (const auto count = host::told_count(); count && *count < kWorthIt) return ok();
  const WorkingFolder working;
  const auto mounts = host::MountTable::read();
  if (!working.is_at_its_path() || !mounts) return ok();
  belongings.working_folder = working.path();
  const auto branches = without_other_containers(mounts->entries(), belongings);
  if (!branches) return ok();
  const auto root = plant(*branches, folder);
  // Both names are ".": the old root is then mounted on the new one, and the one to be taken off.
  if (!root || ::fchdir(root->get()) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0) {
    ::umount2(folder.c_str(), kDetach);
    return working.go_back();
  }
  if (::umount2(".", kDetach) != 0) return errno_error("umount", "the host's mounts");
  return working.enter_again();
}

}  // namespace runward::userns

// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/copy_up.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <set>
#include <string_view>

#include "shim/base/unique_fd.h"
#include "shim/host/mount_table.h"
#include "shim/userns/refresh.h"

namespace runward::userns {
namespace {

// A document may have any number of mounts, however deep; what is copied up stays on the engine's disk.
constexpr std::size_t kMostFolders = 64;
constexpr int kMostSteps = 16;  // also of a folder below the root

// What dynamic linkers take libraries from. A program that runs holds its own folder and these.
constexpr std::array<std::string_view, 3> kLibraries = {"/lib", "/usr/lib", "/usr/local/lib"};

std::string_view without_trailing_slash(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

// Empty: it lies in the root.
std::string_view folder_of(std::string_view path) {
  path = without_trailing_slash(path);
  return without_trailing_slash(path.substr(0, std::min(path.rfind('/'), path.size())));
}

std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(':'));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

class Rootfs {
 public:
  explicit Rootfs(const std::string& path)
      : path_(path), fd_(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) {}

  [[nodiscard]] UniqueFd open(const std::string& path, std::uint64_t flags) const {
    struct open_how how {};
    how.flags = flags | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
    return UniqueFd(static_cast<int>(::syscall(SYS_openat2, fd_.get(), path.c_str(), &how, sizeof how)));
  }

  // The folder, or the deepest one above it that is there: what is missing is made elsewhere, by the runtime.
  [[nodiscard]] UniqueFd open_deepest(std::string_view path) const {
    for (int step = 0; step < kMostSteps && !path.empty() && path.size() < PATH_MAX; ++step, path = folder_of(path))
      if (UniqueFd fd = open(std::string(path), O_RDONLY | O_DIRECTORY)) return fd;
    return {};
  }

  // Where it lies once links are followed: "/usr/bin/sh"; empty: not below the root.
  [[nodiscard]] std::string place_of(const UniqueFd& fd) const {
    std::array<char, PATH_MAX> target{};
    const std::string link = "/proc/self/fd/" + std::to_string(fd.get());
    const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
    const std::string_view place(target.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    return place.starts_with(path_ + "/") ? std::string(place.substr(path_.size())) : std::string();
  }

 private:
  std::string path_;
  UniqueFd fd_;
};

// A change that changes nothing, which the kernel copies the folder up for, with all folders above it.
void copy_up(const Rootfs& rootfs, const UniqueFd& folder) {
  if (std::ranges::count(rootfs.place_of(folder), '/') > kMostSteps) return;
  [[maybe_unused]] const int ignored = ::fchown(folder.get(), static_cast<uid_t>(-1), static_cast<gid_t>(-1));
}

// Of the document and of the rules; what one of them hides is not the image's.
class MountPoints {
 public:
  explicit MountPoints(const oci::Spec& spec) {
    for (const oci::Mount& mount : spec.mounts()) add(mount.destination);
  }
  void add(const std::string& point) {
    if (points_.size() < kMostFolders) points_.emplace_back(without_trailing_slash(point));
  }

  [[nodiscard]] bool hide(std::string_view folder) const {
    return std::ranges::any_of(points_, [&](const std::string& point) { return host::is_or_below(folder, point); });
  }
  [[nodiscard]] std::set<std::string_view> folders() const {
    std::set<std::string_view> all;
    for (const std::string& point : points_) all.insert(folder_of(point));
    return all;
  }

 private:
  std::vector<std::string> points_;
};

// As it is called. An init that the engine mounts (`docker run --init`) is called with "--" and the program.
std::string program_of(const oci::Process& process, const MountPoints& mounts) {
  const oci::Strings args = process.args();
  if (args.empty()) return {};
  const bool has_init = args.size() > 2 && args[1] == "--" && mounts.hide(args[0]);
  return args[has_init ? 2 : 0];
}

std::string search_path_of(const oci::Process& process) {
  constexpr std::string_view kName = "PATH=";
  for (const std::string& variable : process.env())
    if (variable.starts_with(kName)) return variable.substr(kName.size());
  return {};
}

std::string folder_of_program_at(const Rootfs& rootfs, const std::string& path) {
  const UniqueFd file = rootfs.open(path, O_PATH);
  struct stat status {};
  const bool is_program = file && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
                          (status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
  return is_program ? std::string(folder_of(rootfs.place_of(file))) : std::string();
}

// Found as the runtime will find it: from the working folder, or by PATH.
std::string folder_of_program(const Rootfs& rootfs, const oci::Process& process, const MountPoints& mounts) {
  const std::string program = program_of(process, mounts);
  if (program.starts_with('/')) return folder_of_program_at(rootfs, program);
  if (program.find('/') != std::string::npos) return folder_of_program_at(rootfs, process.cwd() + "/" + program);
  const std::string search_path = search_path_of(process);
  std::string_view rest = search_path;
  std::string found;
  for (int step = 0; step < kMostSteps && !rest.empty() && !program.empty() && found.empty(); ++step)
    found = folder_of_program_at(rootfs, std::string(take_word(rest)) + "/" + program);
  return found;
}

void copy_up_all(const Rootfs& rootfs, const MountPoints& mounts, const oci::Process& process) {
  const std::string working = process.cwd();
  const std::string of_program = folder_of_program(rootfs, process, mounts);
  std::set<std::string_view> folders = mounts.folders();
  folders.insert(kLibraries.begin(), kLibraries.end());
  folders.insert({without_trailing_slash(working), of_program});
  for (const std::string_view folder : folders)
    if (!mounts.hide(folder))
      if (const UniqueFd fd = rootfs.open_deepest(folder)) copy_up(rootfs, fd);
}

}  // namespace

void copy_up_held_folders(const std::string& rootfs, const oci::Spec& spec, policy::RootfsMode mode,
                          const std::vector<policy::Scratch>& scratch) {
  const Rootfs root(rootfs);
  MountPoints mounts(spec);
  if (mode == policy::RootfsMode::read_only)
    for (const policy::Scratch& mount : scratch)
      if (!mount.if_exists || root.open(mount.path, O_PATH)) mounts.add(mount.path);
  copy_up_all(root, mounts, spec.process());
  // What we have looked for in vain the container may make, behind the engine's back: `docker cp` then fails (ESTALE).
  if (mode == policy::RootfsMode::writable) refresh_overlay(rootfs);
}

}  // namespace runward::userns

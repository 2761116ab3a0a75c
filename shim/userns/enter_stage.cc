// SPDX-License-Identifier: Apache-2.0
// The second act of a stage: in a mount namespace of our own, what was prepared is put together.
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "shim/base/file.h"
#include "shim/userns/small_tree.h"
#include "shim/userns/stage.h"
#include "shim/userns/staging_folder.h"
#include "shim/userns/stdio.h"

// mount(2) of glibc, whose header does not go together with the kernel's before Linux 5.19.
extern "C" int mount(const char* source, const char* target, const char* type, unsigned long flags, const void* data);

namespace runward::userns {
namespace {

constexpr mode_t kMayPass = 0711;  // the container's root walks through, and sees no names
constexpr mode_t kFolder = 0755;

Status make_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return errno_error("open", path);
  return ok();
}

std::uint64_t attributes_of(const oci::Mount& mount) {
  std::uint64_t attributes = 0;
  if (mount.has("ro") || mount.has("rro")) attributes |= MOUNT_ATTR_RDONLY;
  if (mount.has("nosuid")) attributes |= MOUNT_ATTR_NOSUID;
  if (mount.has("nodev")) attributes |= MOUNT_ATTR_NODEV;
  if (mount.has("noexec")) attributes |= MOUNT_ATTR_NOEXEC;
  return attributes;
}

// An overlay that writes to an idmapped folder keeps the credentials of who mounted it for its own files, so those must
// be mapped there (else EOVERFLOW, and it silently mounts read-only). Capabilities stay: SECBIT_NO_SETUID_FIXUP.
class FilesystemUser {
 public:
  explicit FilesystemUser(std::uint64_t id) : securebits_(::prctl(PR_GET_SECUREBITS)) {
    ::prctl(PR_SET_SECUREBITS, static_cast<unsigned long>(securebits_) | SECBIT_NO_SETUID_FIXUP);
    ::setfsgid(static_cast<gid_t>(id));
    ::setfsuid(static_cast<uid_t>(id));
  }
  FilesystemUser(const FilesystemUser&) = delete;
  FilesystemUser& operator=(const FilesystemUser&) = delete;
  ~FilesystemUser() {
    ::setfsuid(::geteuid());
    ::setfsgid(::getegid());
    ::prctl(PR_SET_SECUREBITS, static_cast<unsigned long>(securebits_));
  }

 private:
  int securebits_;
};

// Below the staging folder, all by relative names: 127 layers by absolute ones would not fit the one page of mount(2).
class WorkingFolder {
 public:
  // In the mount namespace that we are in by now: a descriptor from before would lead back to the host's.
  WorkingFolder() : before_(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) {}
  WorkingFolder(const WorkingFolder&) = delete;
  WorkingFolder& operator=(const WorkingFolder&) = delete;
  ~WorkingFolder() {
    // Where it was a folder that is gone by now, we stay: the runtime names all of its files from the root.
    if (before_) [[maybe_unused]]
      const int ignored = ::fchdir(before_.get());
  }
  [[nodiscard]] Status enter(const std::string& folder) const {
    if (::chdir(folder.c_str()) != 0) return errno_error("change to", folder);
    return ok();
  }

 private:
  UniqueFd before_;
};

constexpr auto kUpper = "u";
constexpr auto kWork = "w";
constexpr auto kBesideUpper = "g";

std::string layer_name(std::size_t index) { return "l/" + std::to_string(index); }

// Onto a new file. A descriptor of a namespace is of the kernel's own mount of them, which may be bound from anywhere.
Status bind_namespace(const UniqueFd& fd, const std::string& target) {
  SHIM_CHECK(make_file(target));
  const std::string source = "/proc/self/fd/" + std::to_string(fd.get());
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) return errno_error("bind", target);
  return ok();
}

bool joins(const oci::Spec& spec, const std::string& path) {
  const auto namespaces = spec.namespaces();
  return std::ranges::find(namespaces, path, &oci::Namespace::path) != namespaces.end();
}

}  // namespace

bool Stage::gives_users(const oci::Spec& hardened) const {
  return staging_.user_namespace && hardened.root_path() == users().rootfs;
}

bool Stage::is_used(const oci::Spec& hardened) const {
  const auto is_staged = [&](const std::string& path) { return path.starts_with(folder_ + "/"); };
  const auto mounts = hardened.mounts();
  const auto namespaces = hardened.namespaces();
  return gives_users(hardened) || std::ranges::any_of(namespaces, is_staged, &oci::Namespace::path) ||
         std::ranges::any_of(mounts,
                             [&](const oci::Mount& mount) { return mount.is_bind() && is_staged(mount.source); });
}

Status Stage::enter(const oci::Spec& hardened) {
  if (!is_used(hardened)) return ok();
  const std::string of_root = parent_of(folder_);
  const std::string all = parent_of(of_root);
  for (const std::string& folder : {parent_of(all), all, of_root, folder_}) SHIM_CHECK(make_folder(folder, kMayPass));
  SHIM_CHECK(make_folder(folder_ + "/" + kRootfs, kFolder));
  SHIM_CHECK(leave_host(hardened));
  constexpr std::uint64_t kForMountPoints = std::uint64_t{16} << 20U;
  const bool is_ephemeral = rootfs_mode() == policy::RootfsMode::ephemeral;
  const std::uint64_t size = is_ephemeral ? policy_->rootfs.ephemeral_size : kForMountPoints;
  const std::string options = "mode=0711,size=" + std::to_string(size);
  if (::mount("runward", folder_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
    return errno_error("mount tmpfs", folder_);
  const WorkingFolder working;
  SHIM_CHECK(working.enter(folder_));
  SHIM_CHECK(bind_namespaces(hardened));
  if (gives_users(hardened)) {
    SHIM_CHECK(mount_rootfs());
    give_stdio(users().first);
  }
  return attach_mounts(hardened);
}

// For a mount namespace of our own.
Status Stage::leave_host(const oci::Spec& hardened) const {
  if (::unshare(CLONE_NEWNS) != 0) return errno_error("unshare", "mount namespace");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return errno_error("make slave", "/");
  const auto own = belongings(hardened);
  return own ? leave_other_containers_out(folder_, *own) : ok();
}

// Nothing where it can't be said: an administrator's hooks may want any of the host's mounts; the engine's own, which
// is dockerd itself, wants a socket.
std::optional<Belongings> Stage::belongings(const oci::Spec& hardened) const {
  const auto hooks = hardened.hooks();
  const auto is_engine = [](const oci::Hook& hook) { return hook.path.starts_with("/proc/"); };
  if (!gives_users(hardened) || !std::ranges::all_of(hooks, is_engine)) return std::nullopt;
  Belongings own;
  own.rootfs = root_;
  for (const host::StagedMount& staged : staging_.mounts)
    if (staged.destination == "/dev/shm") own.shared_memory = staged.source;
  std::error_code error;
  const auto add = [&](const std::string& path) {
    if (path.starts_with('/') && !error) own.paths.push_back(std::filesystem::canonical(path, error).native());
  };
  for (const oci::Namespace& joined : hardened.namespaces())
    if (!joined.path.starts_with(folder_)) add(joined.path);
  for (const oci::Mount& mount : hardened.mounts())
    if (mount.is_bind() && !mount.source.starts_with(folder_)) add(mount.source);
  return error ? std::nullopt : std::optional(own);
}

Status Stage::bind_namespaces(const oci::Spec& hardened) const {
  SHIM_CHECK(make_folder("n", kMayPass));
  const auto bind = [&](const std::string& type, const UniqueFd& fd) {
    const std::string name = namespace_name(type);
    return joins(hardened, folder_ + "/" + name) ? bind_namespace(fd, name) : ok();
  };
  for (const HeldNamespace& held : joined_) SHIM_CHECK(bind(held.type, held.fd));
  return bind("user", users_);
}

Status Stage::mount_rootfs() const {
  SHIM_CHECK(make_folder(kRootfs, kFolder));
  const bool is_writable = rootfs_mode() == policy::RootfsMode::writable;
  if (is_writable && is_plain_) return attach(layers_.front(), kRootfs);
  SHIM_CHECK(make_folder("l", kMayPass));
  std::string lower;
  for (std::size_t i = is_writable ? 1 : 0; i < layers_.size(); ++i) {
    SHIM_CHECK(make_folder(layer_name(i), kFolder));
    SHIM_CHECK(attach(layers_[i], layer_name(i)));
    lower.append(lower.empty() ? "" : ":").append(layer_name(i));
  }
  std::string options = "index=off";
  for (const std::string& option : options_) options.append(",").append(option);
  options.append(",lowerdir=").append(lower);
  if (is_writable) {
    SHIM_CHECK(make_folder(kBesideUpper, kFolder));
    SHIM_CHECK(attach(layers_.front(), kBesideUpper));
    const std::string beside = std::string(kBesideUpper) + "/";
    return mount_overlay(options + ",upperdir=" + beside + std::filesystem::path(upper_).filename().native() +
                         ",workdir=" + beside + kOwnWork);
  }
  SHIM_CHECK(make_upper());
  return mount_overlay(options + ",upperdir=" + kUpper + ",workdir=" + kWork);
}

Status Stage::mount_overlay(const std::string& options) const {
  const FilesystemUser as_root_of_container(users().first);
  if (::mount("overlay", kRootfs, "overlay", 0, options.c_str()) != 0) return errno_error("mount overlay", root_);
  return ok();
}

// "/" of the container has the owner and mode that it has in the image.
Status Stage::make_upper() const {
  struct stat status {};
  if (::stat(root_.c_str(), &status) != 0) return errno_error("stat", root_);
  const auto mapped = [&](std::uint64_t id) {
    return static_cast<uid_t>(users().first + (id < users().size ? id : 0));
  };
  for (const char* const folder : {kUpper, kWork}) {
    SHIM_CHECK(make_folder(folder, 0700));
    if (::chown(folder, mapped(status.st_uid), mapped(status.st_gid)) != 0) return errno_error("chown", folder);
  }
  if (::chmod(kUpper, status.st_mode & 07777U) != 0) return errno_error("chmod", kUpper);
  return ok();
}

Status Stage::attach_mounts(const oci::Spec& hardened) const {
  if (trees_.empty()) return ok();
  SHIM_CHECK(make_folder("m", kMayPass));
  const auto mounts = hardened.mounts();
  for (std::size_t i = 0; i < trees_.size(); ++i) {
    const host::StagedMount& staged = staging_.mounts[i];
    const auto wanted = std::ranges::find(mounts, staged.staged, &oci::Mount::source);
    if (wanted == mounts.end()) continue;  // a rule took it out
    const std::string target = mount_name(i);
    if (staged.is_copied && gives_users(hardened)) {
      SHIM_CHECK(copy_small(trees_[i].fd, target, {.first = users().first, .size = users().size}));
      continue;
    }
    SHIM_CHECK(trees_[i].is_folder ? make_folder(target, kFolder) : make_file(target));
    if (const std::uint64_t attributes = attributes_of(*wanted); attributes != 0)
      SHIM_CHECK(set_attributes(trees_[i].fd, attributes, staged.source));
    SHIM_CHECK(attach(trees_[i].fd, target));
  }
  return ok();
}

}  // namespace runward::userns

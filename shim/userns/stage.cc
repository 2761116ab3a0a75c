// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/stage.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "shim/base/file.h"
#include "shim/userns/copy_up.h"
#include "shim/userns/host_device.h"
#include "shim/userns/layers.h"
#include "shim/userns/remapped.h"
#include "shim/userns/small_tree.h"
#include "shim/userns/staging_folder.h"
#include "shim/userns/stdio.h"

// mount(2) of glibc, whose header does not go together with the kernel's before Linux 5.19.
extern "C" int mount(const char* source, const char* target, const char* type, unsigned long flags, const void* data);

namespace runward::userns {
namespace {

constexpr mode_t kMayPass = 0711;  // the container's root walks through, and sees no names
constexpr mode_t kFolder = 0755;

// What a kernel or a filesystem answers that has no such feature; anything else may pass, and must not loosen anything.
bool is_lack(const Error& error) {
  return error.code == std::errc::invalid_argument || error.code == std::errc::function_not_supported ||
         error.code == std::errc::operation_not_permitted || error.code == std::errc::operation_not_supported;
}

// Some hosts allow none, root included: the answer is then ENOSPC, as it is when too many are there.
bool user_namespaces_are_off() {
  const auto text = read_file("/proc/sys/user/max_user_namespaces", 64);
  return text && *text == "0\n";
}

Status make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return errno_error("make folder", path);
  return ok();
}

Status make_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return errno_error("open", path);
  return ok();
}

oci::Strings locked_options(const UniqueFd& tree) {
  struct statvfs status {};
  oci::Strings options;
  if (::fstatvfs(tree.get(), &status) != 0) return options;
  if ((status.f_flag & ST_RDONLY) != 0) options.emplace_back("ro");
  if ((status.f_flag & ST_NOSUID) != 0) options.emplace_back("nosuid");
  if ((status.f_flag & ST_NODEV) != 0) options.emplace_back("nodev");
  if ((status.f_flag & ST_NOEXEC) != 0) options.emplace_back("noexec");
  return options;
}

bool is_recursive(const oci::Mount& mount) { return !mount.has("bind") || mount.has("rbind"); }

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
constexpr auto kOwnWork = "runward-work";  // beside Docker's, which is that of Docker's own mount

std::string layer_name(std::size_t index) { return "l/" + std::to_string(index); }
std::string mount_name(std::size_t index) { return "m/" + std::to_string(index); }
std::string namespace_name(const std::string& type) { return "n/" + type; }

// Of another container's process, which may end. Engines' own files, in /run/netns and the like, stay what they are.
bool is_of_process(const HeldNamespace& held) {
  return held.fd && held.path.starts_with("/proc/") && held.type != "mount";  // that kind can't be bound everywhere
}

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

bool wants_users(const oci::Spec& spec, const policy::Policy& policy) {
  return policy.rule(policy::RuleId::user_namespace).mode != policy::Mode::off &&
         policy.user_namespaces.use != policy::UserNamespaceUse::off && !spec.has_namespace("user");
}

Result<Stage> Stage::prepare(const Request& request) {
  Stage stage;
  stage.folder_ = request.folder;
  stage.policy_ = &request.policy;
  const bool with_users = wants_users(request.spec, request.policy);
  const bool audits = request.policy.rule(policy::RuleId::user_namespace).mode != policy::Mode::enforce;
  stage.only_looks_ = request.only_look || audits;
  stage.joined_ = hold_namespaces(request.spec);
  stage.stage_namespaces();
  if (with_users) SHIM_CHECK(stage.prepare_users(request));
  if (with_users || request.policy.rule(policy::RuleId::mounts).mode != policy::Mode::off)
    SHIM_CHECK(stage.clone_mounts(request.spec));
  return stage;
}

void Stage::stage_namespaces() {
  for (const HeldNamespace& held : joined_) {
    struct stat status {};
    if (!is_of_process(held) || ::fstat(held.fd.get(), &status) != 0) continue;
    staging_.namespaces.push_back({.path = held.path,
                                   .staged = folder_ + "/" + namespace_name(held.type),
                                   .identity = {.device = status.st_dev, .inode = status.st_ino}});
  }
}

Status Stage::prepare_users(const Request& request) {
  host::UserNamespace& users = staging_.user_namespace.emplace();
  users.rootfs = request.folder + "/" + kRootfs;
  SHIM_TRY(Joined joined, look_at_joined(joined_));
  users.refusal = joined.refusal;
  users.owns_network = request.spec.has_namespace("network") && !joined.has_hosts_network;
  check_devices(request.spec);
  if (!users.refusal.empty()) return ok();
  SHIM_CHECK(take_range(request, joined));
  return users.obstacle.empty() && users.refusal.empty() ? clone_rootfs(request) : ok();
}

Status Stage::take_range(const Request& request, Joined& joined) {
  if (joined.user_namespace) {
    users().join = folder_ + "/" + namespace_name("user");
    users().first = joined.range.first;
    users().size = joined.range.size;
    users_ = std::move(joined.user_namespace);
    if (!only_looks_) {
      SHIM_TRY(auto lease, request.ranges.share(users().first, request.owner));
      // Where it has ended meanwhile, its range may be a third one's by now.
      if (!lease || !is_alive(joined.process))
        users().refusal = "the user ids of the container that it joins are none that runward gave, or it has ended";
      lease_ = Holding(request.ranges, std::move(lease));
    }
    return ok();
  }
  if (!only_looks_) {
    SHIM_TRY(Lease lease, request.ranges.take(request.owner));
    lease_ = Holding(request.ranges, std::move(lease));
  }
  users().first = request.ranges.first_id(lease_.lease().value_or(Lease()));
  users().size = request.ranges.pool().size;
  auto made = make_user_namespace({.first = users().first, .size = users().size});
  if (made) {
    users_ = std::move(made->fd);
    holder_ = std::move(made->holder);
    return ok();
  }
  const bool is_off = made.error().code == std::errc::no_space_on_device && user_namespaces_are_off();
  if (!is_off && !is_lack(made.error())) return std::move(made).error();
  users().obstacle = "this host makes no user namespaces (" + made.error().message + ")";
  return ok();
}

Status Stage::clone_layer(const std::string& path) {
  auto tree = clone_tree(AT_FDCWD, path, false);
  const Status mapped = tree ? make_idmapped(*tree, users_, path) : Status(tree.error());
  if (mapped) {
    layers_.push_back(*std::move(tree));
    return ok();
  }
  if (!is_lack(mapped.error())) return mapped.error();
  users().obstacle = "the filesystem of '" + path + "' can't be idmapped (" + mapped.error().message + ")";
  return ok();
}

// Docker's upper folder is a layer as any other unless it is to be written to: `docker cp` may have put files there.
Status Stage::clone_rootfs(const Request& request) {
  std::error_code error;
  root_ = std::filesystem::canonical(std::filesystem::path(request.bundle) / request.spec.root_path(), error).native();
  if (error) {
    users().refusal = "its root filesystem '" + request.spec.root_path() + "' can't be found";
    return ok();
  }
  if (is_remapped(root_)) {
    users().refusal =
        "its files have the owners of the engine's own user namespace (userns-remap): leave --userns=host out";
    return ok();
  }
  auto layers = read_layers(root_);
  if (!layers) {
    users().obstacle = layers.error().message;
    return ok();
  }
  const bool is_writable = rootfs_mode() == policy::RootfsMode::writable;
  if (*layers && !(*layers)->upper.empty() && !only_looks_)
    copy_up_held_folders(root_, request.spec, rootfs_mode(), policy_->rootfs.scratch);
  std::vector<std::string> folders;
  if (!*layers) {
    folders = {root_};
  } else if (is_writable) {
    upper_ = (*layers)->upper;
    options_ = (*layers)->options;
    folders = (*layers)->lower;
    if (upper_.empty()) {
      users().obstacle = "the root filesystem '" + root_ + "' is an overlay that can't be written to";
      return ok();
    }
    if (!only_looks_) SHIM_CHECK(make_folder(parent_of(upper_) + "/" + kOwnWork, 0700));
    folders.insert(folders.begin(), parent_of(upper_));
  } else {
    options_ = (*layers)->options;
    folders = (*layers)->lower;
    if (!(*layers)->upper.empty()) folders.insert(folders.begin(), (*layers)->upper);
  }
  is_plain_ = !*layers;
  for (const std::string& folder : folders) {
    SHIM_CHECK(clone_layer(folder));
    if (!users().obstacle.empty()) return ok();
  }
  return ok();
}

// Where the rule rootfs does not enforce what the profile says, the container has what it would have had.
policy::RootfsMode Stage::rootfs_mode() const {
  const bool is_enforced = policy_->rule(policy::RuleId::rootfs).mode == policy::Mode::enforce;
  return is_enforced ? policy_->rootfs.mode : policy::RootfsMode::writable;
}

bool Stage::has_users() const { return staging_.user_namespace && staging_.user_namespace->obstacle.empty(); }

Status Stage::clone_mounts(const oci::Spec& spec) {
  if (!kernel_copies_mounts()) return ok();
  for (const oci::Mount& mount : spec.mounts()) {
    if (mount.is_bind() && mount.source.starts_with('/')) clone_mount(mount);
    if (mount.type == "sysfs" && has_users() && !users().owns_network) SHIM_CHECK(make_sysfs(mount));
  }
  return ok();
}

void Stage::check_devices(const oci::Spec& spec) {
  for (const oci::Device& device : spec.devices())
    if (!is_hosts_device(device))
      users().refusal = "'" + device.path +
                        "' is no device with these numbers below the host's /dev: give it the name that it has there";
}

// One that is only looked at stays as it is: the rule mounts may want it.
Status Stage::try_idmapped(const UniqueFd& tree, const oci::Mount& mount) const {
  if (!only_looks_) return make_idmapped(tree, users_, mount.source);
  SHIM_TRY(const UniqueFd another, clone_tree(AT_FDCWD, mount.source, is_recursive(mount)));
  return make_idmapped(another, users_, mount.source);
}

host::StagedMount Stage::next_staged(const oci::Mount& mount) const {
  host::StagedMount staged;
  staged.source = mount.source;
  staged.destination = mount.destination;
  staged.staged = folder_ + "/" + mount_name(trees_.size());
  return staged;
}

void Stage::clone_mount(const oci::Mount& mount) {
  auto tree = clone_tree(AT_FDCWD, mount.source, is_recursive(mount));
  // A failure stays with the mount, else who can make one happen (a source that is missing for a moment, a filesystem
  // whose server chooses its errors) would have it mounted by its path, after the check and with the host's ids.
  host::StagedMount staged = next_staged(mount);
  Tree kept;
  if (tree) {
    struct stat status {};
    if (::fstat(tree->get(), &status) == 0) staged.identity = {.device = status.st_dev, .inode = status.st_ino};
    kept.is_folder = S_ISDIR(status.st_mode);
    staged.locked = locked_options(*tree);
    if (has_users()) {
      const Status mapped = try_idmapped(*tree, mount);
      staged.is_idmapped = static_cast<bool>(mapped);
      if (!mapped) staged.problem = mapped.error().message;
      staged.is_copied = !mapped && policy_->user_namespaces.unmappable == policy::Unmappable::copy &&
                         mount.destination != "/dev/shm" && is_small(*tree);
    }
    kept.fd = *std::move(tree);
  } else {
    staged.is_missing = tree.error().code == std::errc::no_such_file_or_directory;
    staged.problem = tree.error().message;
  }
  staging_.mounts.push_back(std::move(staged));
  trees_.push_back(std::move(kept));
}

// A sysfs shows the network devices of a network namespace, and only who has rights over that one can make it: we,
// while we are the host's root.
Status Stage::make_sysfs(const oci::Mount& mount) {
  const auto network = std::ranges::find(joined_, "network", &HeldNamespace::type);
  SHIM_TRY(UniqueFd tree, new_sysfs(network == joined_.end() ? nullptr : &network->fd));
  staging_.mounts.push_back(next_staged(mount));
  staging_.mounts.back().locked = locked_options(tree);
  trees_.push_back({.fd = std::move(tree), .is_folder = true});
  return ok();
}

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
  own.mount_points.push_back(root_);
  for (const host::StagedMount& staged : staging_.mounts)
    if (staged.destination == "/dev/shm") own.mount_points.push_back(staged.source);
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

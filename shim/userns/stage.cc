// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/stage.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "shim/base/file.h"
#include "shim/userns/copy_up.h"
#include "shim/userns/host_device.h"
#include "shim/userns/layers.h"
#include "shim/userns/remapped.h"
#include "shim/userns/small_tree.h"
#include "shim/userns/staging_folder.h"

namespace runward::userns {
namespace {

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

// Of another container's process, which may end. Engines' own files, in /run/netns and the like, stay what they are.
bool is_of_process(const HeldNamespace& held) {
  return held.fd && held.path.starts_with("/proc/") && held.type != "mount";  // that kind can't be bound everywhere
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

}  // namespace runward::userns

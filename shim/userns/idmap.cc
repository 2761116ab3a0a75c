// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/idmap.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <utility>

#include "shim/base/file.h"

namespace runward::userns {
namespace {

// Not in Debian 12's glibc under every combination of its headers and the kernel's: called by number.
Status change(const UniqueFd& tree, struct mount_attr attributes, const std::string& name) {
  if (::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) != 0)
    return errno_error("mount_setattr", name);
  return ok();
}

// It has a user namespace, and does nothing until it is ended, or until we are. It shares our memory (CLONE_VM): a copy
// of it would cost more than all the rest. None of these calls fails, so none writes to the errno that we share.
int hold(void* parent) {
  ::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  if (::syscall(SYS_getppid) != *static_cast<const pid_t*>(parent)) return 1;
  for (;;) ::syscall(SYS_pause);
}

Status write_map(const std::string& path, const std::string& map) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return errno_error("open", path);
  return write_all(fd.get(), map, path);
}

}  // namespace

// What the holder runs on, until it has ended.
struct Holder::Memory {
  static constexpr std::size_t kStack = 8192;
  alignas(64) std::array<std::byte, kStack> stack{};
  pid_t parent = ::getpid();
};

Holder::Holder() = default;
Holder::Holder(Holder&& other) noexcept : memory_(std::move(other.memory_)), pid_(std::exchange(other.pid_, -1)) {}

Holder& Holder::operator=(Holder&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(pid_, other.pid_);
  return *this;
}

Holder::~Holder() {
  if (pid_ <= 0) return;
  end();
  while (::waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

Status Holder::start() {
  memory_ = std::make_unique<Memory>();
  // The signal that its end sends is none: nobody who started us is to be woken.
  pid_ = ::clone(&hold, memory_->stack.data() + memory_->stack.size(), CLONE_NEWUSER | CLONE_VM, &memory_->parent);
  if (pid_ < 0) return errno_error("clone", "user namespace");
  return ok();
}

void Holder::end() const { ::kill(pid_, SIGKILL); }

std::string Holder::file(const std::string& name) const { return "/proc/" + std::to_string(pid_) + "/" + name; }

Result<UserNamespace> make_user_namespace(const IdRange& range) {
  Holder holder;
  SHIM_CHECK(holder.start());
  const std::string map = "0 " + std::to_string(range.first) + " " + std::to_string(range.size);
  for (const char* const name : {"uid_map", "gid_map"}) SHIM_CHECK(write_map(holder.file(name), map));
  UniqueFd fd(::open(holder.file("ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open", holder.file("ns/user"));
  holder.end();
  return UserNamespace{.fd = std::move(fd), .holder = std::move(holder)};
}

bool kernel_copies_mounts() {
  struct mount_attr attributes {};
  const auto is_there = [](long result) { return result >= 0 || errno != ENOSYS; };
  return is_there(::syscall(SYS_open_tree, -1, "", AT_EMPTY_PATH | OPEN_TREE_CLOEXEC)) &&
         is_there(::syscall(SYS_mount_setattr, -1, "", AT_EMPTY_PATH, &attributes, sizeof attributes));
}

Result<UniqueFd> clone_tree(int directory, const std::string& path, bool recursive) {
  unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
  if (recursive) flags |= AT_RECURSIVE;
  UniqueFd tree(static_cast<int>(::syscall(SYS_open_tree, directory, path.c_str(), flags)));
  if (!tree) return errno_error("open_tree", path);
  struct mount_attr attributes {};
  attributes.propagation = MS_PRIVATE;
  SHIM_CHECK(change(tree, attributes, path));
  return tree;
}

Status make_idmapped(const UniqueFd& tree, const UniqueFd& user_namespace, const std::string& name) {
  struct mount_attr attributes {};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(user_namespace.get());
  return change(tree, attributes, name);
}

Status set_attributes(const UniqueFd& tree, std::uint64_t attributes, const std::string& name) {
  struct mount_attr change_to {};
  change_to.attr_set = attributes;
  return change(tree, change_to, name);
}

namespace {

Result<UniqueFd> new_mount_of(const char* type) {
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, type, FSOPEN_CLOEXEC)));
  if (!context) return errno_error("fsopen", type);
  if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return errno_error("fsconfig", type);
  constexpr unsigned kSafe = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  UniqueFd tree(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, kSafe)));
  if (!tree) return errno_error("fsmount", type);
  return tree;
}

}  // namespace

Result<UniqueFd> new_sysfs(const UniqueFd* network) {
  if (network == nullptr) return new_mount_of("sysfs");
  const UniqueFd own(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!own) return errno_error("open", "/proc/self/ns/net");
  if (::setns(network->get(), CLONE_NEWNET) != 0) return errno_error("setns", "the joined network namespace");
  auto tree = new_mount_of("sysfs");
  if (::setns(own.get(), CLONE_NEWNET) != 0) return errno_error("setns", "/proc/self/ns/net");
  return tree;
}

Status attach(const UniqueFd& tree, const std::string& target) {
  if (::syscall(SYS_move_mount, tree.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return errno_error("move_mount", target);
  return ok();
}

}  // namespace runward::userns

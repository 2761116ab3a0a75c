// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/refresh.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstddef>

#include "shim/base/unique_fd.h"

namespace runward::userns {
namespace {

constexpr int kPatienceMs = 1000;

// What the child runs on, which may outlast this call. It shares our memory (CLONE_VM), as a copy of it would cost more
// than all the rest; so it allocates nothing. The errno is shared too, which matters only once we go on without it.
struct Child {
  static constexpr std::size_t kStack = 16384;
  alignas(64) std::array<std::byte, kStack> stack;
  std::array<char, PATH_MAX> path;
};

int reconfigure(void* memory) {
  // Where it hangs, whoever waits for the end of our output does not wait for it.
  ::syscall(SYS_close_range, 0U, UINT_MAX, 0U);
  const int root = ::open(static_cast<const Child*>(memory)->path.data(), O_PATH | O_CLOEXEC);
  struct statfs status {};
  if (root < 0 || ::fstatfs(root, &status) != 0 || status.f_type != OVERLAYFS_SUPER_MAGIC) return 1;
  const long context = ::syscall(SYS_fspick, root, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
  if (context >= 0) ::syscall(SYS_fsconfig, context, FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0);
  return 0;
}

bool ends_in_time(const UniqueFd& process) {
  struct pollfd end = {.fd = process.get(), .events = POLLIN, .revents = 0};
  return ::poll(&end, 1, kPatienceMs) == 1;
}

}  // namespace

void refresh_rootfs(pid_t pid) { refresh_overlay("/proc/" + std::to_string(pid) + "/root"); }

void refresh_overlay(const std::string& path) {
  if (path.size() >= PATH_MAX) return;
  void* const memory =
      ::mmap(nullptr, sizeof(Child), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return;
  auto* const child = static_cast<Child*>(memory);
  path.copy(child->path.data(), path.size());  // all else is 0
  int handle = -1;
  const pid_t made =
      ::clone(&reconfigure, child->stack.data() + child->stack.size(), CLONE_VM | CLONE_PIDFD, memory, &handle);
  const UniqueFd process(handle);
  if (made >= 0 && !ends_in_time(process)) return;
  if (made >= 0) ::waitpid(made, nullptr, __WALL);
  ::munmap(memory, sizeof(Child));
}

}  // namespace runward::userns

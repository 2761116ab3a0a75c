// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/doctor/idmap.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <sstream>

#include "shim/base/file.h"
#include "shim/ctl/doctor/uid_pool.h"

namespace runward::ctl::doctor {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{4} << 20U;

// Not in Debian 12's glibc under every combination of its headers and the kernel's: called by number.
int open_tree(const char* path, unsigned flags) {
  return static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, path, flags));
}
int set_attributes(int mount, mount_attr& attributes) {
  return static_cast<int>(::syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &attributes, sizeof attributes));
}

// A child that holds a user namespace until it is ended.
class Holder {
 public:
  explicit Holder(pid_t pid) : pid_(pid) {}
  ~Holder() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return "/proc/" + std::to_string(pid_) + "/" + name; }

 private:
  pid_t pid_;
};

// In the child: says by one byte (errno, or 0) whether it has its namespace, then waits to be ended.
[[noreturn]] void hold(int say) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nor does it outlive us
  const auto result = static_cast<unsigned char>(::unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
  if (::write(say, &result, 1) != 1) ::_exit(1);
  for (;;) ::pause();
}

Status write_map(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return errno_error("open", path);
  return write_all(fd.get(), "0 " + std::to_string(kUidPool.first) + " " + std::to_string(UidPool::kRange), path);
}

Status make_idmapped(const UniqueFd& mount, const UniqueFd& user_namespace, const std::string& name) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(user_namespace.get());
  if (set_attributes(mount.get(), attributes) != 0) return errno_error("mount_setattr", name);
  return ok();
}

}  // namespace

Result<UniqueFd> make_user_namespace() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("pipe", "user namespace");
  const UniqueFd hear(ends[0]);
  UniqueFd say(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return errno_error("fork", "user namespace");
  if (pid == 0) hold(say.get());
  const Holder holder(pid);
  say = UniqueFd();
  unsigned char result = 0;
  if (::read(hear.get(), &result, 1) != 1) return make_error(ErrorKind::io, "the process that was to hold it ended");
  if (result != 0) return errno_error("unshare", "user namespace", result);
  for (const auto* map : {"uid_map", "gid_map"}) SHIM_CHECK(write_map(holder.file(map)));
  UniqueFd fd(::open(holder.file("ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open", holder.file("ns/user"));
  return fd;
}

Status try_idmapped(const UniqueFd& user_namespace, const std::string& directory) {
  const UniqueFd mount(open_tree(directory.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!mount) return errno_error("open_tree", directory);
  return make_idmapped(mount, user_namespace, directory);
}

Status try_idmapped_tmpfs(const UniqueFd& user_namespace) {
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
  if (!context) return errno_error("fsopen", "tmpfs");
  if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return errno_error("fsconfig", "tmpfs");
  const UniqueFd mount(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  if (!mount) return errno_error("fsmount", "tmpfs");
  return make_idmapped(mount, user_namespace, "tmpfs");
}

// "36 35 98:0 /root /mnt rw,noatime shared:1 - ext3 /dev/root rw"; proc(5)
Result<std::string> filesystem_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno_error("stat", path);
  SHIM_TRY(const std::string text, read_file("/proc/self/mountinfo", kMaxBytes));
  const std::string device = std::to_string(major(status.st_dev)) + ":" + std::to_string(minor(status.st_dev));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    std::string its_device;
    words >> word >> word >> its_device;
    const std::size_t dash = line.find(" - ");
    if (its_device != device || dash == std::string::npos) continue;
    return line.substr(dash + 3, line.find(' ', dash + 3) - dash - 3);
  }
  return make_error(ErrorKind::io, "no mount with the device of '" + path + "'");
}

}  // namespace runward::ctl::doctor

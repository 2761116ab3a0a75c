// SPDX-License-Identifier: Apache-2.0
#include "profiles/recorder/file_watch.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace runward::profiles::record {
namespace {

constexpr std::uint64_t kEvents = FAN_OPEN | FAN_OPEN_EXEC | FAN_MODIFY | FAN_CLOSE_WRITE | FAN_ONDIR;
constexpr std::size_t kBatch = std::size_t{16} << 10U;  // bytes: at most 682 events, each with an open file
// The queue is not limited by the kernel, since a busy machine would lose events of honest programs by its 16,384; we
// limit it to what is 100 MB of its memory.
constexpr int kMaxQueued = 24 << 20;  // bytes, 24 an event
constexpr std::size_t kMaxFiles = 200'000;
// A container can make long names; the host's memory is not its own.
constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;
constexpr std::size_t kMaxExecutables = 64;  // for one file

std::string link_target(const std::string& link) {
  std::string target(PATH_MAX, '\0');
  const ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
  target.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return target;
}

std::uint64_t pid_namespace_of(const std::string& process) {
  struct stat status {};
  return ::stat(("/proc/" + process + "/ns/pid").c_str(), &status) == 0 ? status.st_ino : 0;
}

// Inside the root, and through no link: paths of mountinfo and of /proc/self/fd have none, and a folder that became one
// since would lead elsewhere.
UniqueFd open_below(const UniqueFd& root, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
}

bool is_overlay(const UniqueFd& file) {
  struct statfs filesystem {};
  return ::fstatfs(file.get(), &filesystem) == 0 && filesystem.f_type == OVERLAYFS_SUPER_MAGIC;
}

bool is_shared_object(int file) {
  Elf64_Ehdr header{};  // of the 32-bit format up to e_type too
  const ssize_t length = ::pread(file, &header, offsetof(Elf64_Ehdr, e_machine), 0);
  return length == static_cast<ssize_t>(offsetof(Elf64_Ehdr, e_machine)) &&
         std::memcmp(&header.e_ident[0], ELFMAG, SELFMAG) == 0 && header.e_type == ET_DYN;
}

bool is_looked_at(const ContainerMount& mount) {
  constexpr std::array<std::string_view, 6> kNot = {"devpts", "devtmpfs", "mqueue", "cgroup", "cgroup2", "nsfs"};
  const bool is_device = mount.point == "/dev" || (mount.point.starts_with("/dev/") && mount.point != "/dev/shm");
  return !is_device && std::ranges::find(kNot, mount.filesystem) == kNot.end();
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string without_pids(std::string_view path) {
  constexpr std::string_view kProc = "/proc/";
  if (!path.starts_with(kProc)) return std::string(path);
  std::string plain;
  std::string_view before;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view name = path.substr(0, path.find('/'));
    const bool is_pid = is_number(name) && (before == "proc" || before == "task");
    plain.append("/").append(is_pid ? "@{pid}" : name);
    path.remove_prefix(name.size());
    before = name;
  }
  return plain;
}

Result<FileWatch> FileWatch::begin(pid_t init, const std::vector<ContainerMount>& mounts) {
  FileWatch watch;
  watch.init_ = init;
  watch.own_namespace_ = pid_namespace_of("self");
  const std::string process = "/proc/" + std::to_string(init);
  watch.root_ = UniqueFd(::open((process + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  watch.mounts_ = UniqueFd(::open((process + "/ns/mnt").c_str(), O_RDONLY | O_CLOEXEC));
  if (!watch.root_ || !watch.mounts_) return errno_error("open", process);
  watch.group_ =
      UniqueFd(::fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS,
                               O_RDONLY | O_CLOEXEC | O_NOATIME | O_NONBLOCK));
  if (!watch.group_) return errno_error("begin to watch files", "fanotify");
  for (const ContainerMount& mount : mounts)
    if (is_looked_at(mount)) watch.mark(mount);
  return watch;
}

// A filesystem that is the container's own is marked as a whole, so that its mounts in other namespaces count too;
// of others, such as volumes, only the mount.
void FileWatch::mark(const ContainerMount& mount) {
  const UniqueFd point = open_below(root_, mount.point);
  struct stat status {};
  if (!point || ::fstat(point.get(), &status) != 0) {
    gaps_.push_back(errno_error("watch files below", mount.point).message);
    return;
  }
  if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) return;
  const std::string path = "/proc/self/fd/" + std::to_string(point.get());
  const unsigned what = is_overlay(point) ? FAN_MARK_FILESYSTEM : FAN_MARK_MOUNT;
  if (::fanotify_mark(group_.get(), FAN_MARK_ADD | what, kEvents, AT_FDCWD, path.c_str()) != 0)
    gaps_.push_back(errno_error("watch files below", mount.point).message);
}

// The kernel adds a word to the path of a file that is gone. A file may really be called so: then it is there.
std::string FileWatch::path_of(int file) const {
  constexpr std::string_view kDeleted = " (deleted)";
  std::string path = link_target("/proc/self/fd/" + std::to_string(file));
  if (path.ends_with(kDeleted) && !open_below(root_, path)) path.resize(path.size() - kDeleted.size());
  return without_pids(path);
}

const FileWatch::Process& FileWatch::process_of(pid_t pid, const NameOfEnded& name_of_ended) {
  const auto [entry, is_new] = processes_.try_emplace(pid);
  Process& process = entry->second;
  if (!is_new) return process;
  const std::string name = std::to_string(pid);
  const std::uint64_t its_namespace = pid_namespace_of(name);
  // One that is gone was most likely the container's: the engine's processes stay.
  process.is_containers = its_namespace != own_namespace_;
  process.executable = link_target("/proc/" + name + "/exe");
  if (process.executable.starts_with('/')) return process;
  const std::string comm = name_of_ended(pid);
  process.executable = comm.empty() ? "" : "[" + comm + "]";
  return process;
}

void FileWatch::see(std::uint64_t mask, int file, pid_t pid, const NameOfEnded& name_of_ended) {
  if (pid == init_) init_runs_ = init_runs_ || (mask & FAN_OPEN_EXEC) != 0;
  if (pid == init_ && !init_runs_) return;
  if ((mask & FAN_OPEN_EXEC) != 0) processes_.erase(pid);  // it is about to become another executable
  const Process& process = process_of(pid, name_of_ended);
  if (!process.is_containers) return;
  struct stat status {};
  if (::fstat(file, &status) != 0 || S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) return;
  const std::string path = path_of(file);
  if (!path.starts_with('/')) return;
  const bool is_full = files_.size() >= kMaxFiles || bytes_ > kMaxBytes;
  if (is_full && !files_.contains(path)) {
    ++lost_;
    return;
  }
  const auto [entry, is_new] = files_.try_emplace(path);
  if (is_new) bytes_ += path.size();
  FileUse& use = entry->second;
  if (is_new) {
    use.directory = S_ISDIR(status.st_mode);
    use.map = S_ISREG(status.st_mode) && is_shared_object(file);
  }
  ++use.count;
  use.read = use.read || (mask & (FAN_OPEN | FAN_OPEN_EXEC)) != 0;
  use.execute = use.execute || (mask & FAN_OPEN_EXEC) != 0;
  use.write = use.write || (mask & (FAN_MODIFY | FAN_CLOSE_WRITE)) != 0;
  if (process.executable.empty()) return;
  const bool is_known = use.executables.contains(process.executable);
  const bool has_room = use.executables.size() < kMaxExecutables && bytes_ <= kMaxBytes;
  if (!is_known && !has_room) {
    if (bytes_ > kMaxBytes) ++lost_;
    return;
  }
  if (!is_known) bytes_ += process.executable.size();
  ++use.executables[process.executable];
}

void FileWatch::end(std::string_view why) {
  ++lost_;
  gaps_.emplace_back(why);
  group_ = UniqueFd();
}

bool FileWatch::read_events(std::chrono::milliseconds longest, const NameOfEnded& name_of_ended) {
  alignas(fanotify_event_metadata) std::array<char, kBatch> buffer{};
  int queued = 0;
  if (::ioctl(group_.get(), FIONREAD, &queued) == 0 && queued > kMaxQueued) {
    end("files were opened faster than they could be looked at, and from then on no more was");
    return true;
  }
  const auto end = std::chrono::steady_clock::now() + longest;
  while (std::chrono::steady_clock::now() < end) {
    processes_.clear();
    const ssize_t length = ::read(group_.get(), buffer.data(), buffer.size());
    if (length <= 0) return true;
    auto left = static_cast<long>(length);
    const auto* event = reinterpret_cast<const fanotify_event_metadata*>(buffer.data());
    for (; FAN_EVENT_OK(event, left); event = FAN_EVENT_NEXT(event, left)) {
      if ((event->mask & FAN_Q_OVERFLOW) != 0) ++lost_;
      if (event->fd < 0) continue;
      const UniqueFd file(event->fd);
      if (event->vers == FANOTIFY_METADATA_VERSION) see(event->mask, file.get(), event->pid, name_of_ended);
    }
  }
  return false;
}

}  // namespace runward::profiles::record

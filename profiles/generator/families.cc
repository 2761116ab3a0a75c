// SPDX-License-Identifier: Apache-2.0
#include "profiles/generator/families.h"

#include <array>

namespace runward::profiles {
namespace {

template <typename... Words>
consteval std::array<std::string_view, sizeof...(Words)> names(Words... words) {
  return {std::string_view(words)...};
}

constexpr auto kOpen = names("creat", "open", "openat", "openat2");
constexpr auto kStat =
    names("fstat", "fstat64", "fstatat64", "lstat", "lstat64", "newfstatat", "stat", "stat64", "statx");
constexpr auto kStatFilesystem = names("fstatfs", "fstatfs64", "statfs", "statfs64");
constexpr auto kAccess = names("access", "faccessat", "faccessat2");
constexpr auto kReadLink = names("readlink", "readlinkat");
constexpr auto kGetDirectory = names("getdents", "getdents64");
constexpr auto kSeek = names("_llseek", "lseek");
constexpr auto kRead = names("pread64", "preadv", "preadv2", "read", "readv");
constexpr auto kWrite = names("pwrite64", "pwritev", "pwritev2", "write", "writev");
constexpr auto kCopy = names("copy_file_range", "sendfile", "sendfile64");
constexpr auto kTruncate = names("ftruncate", "ftruncate64", "truncate", "truncate64");
constexpr auto kSync = names("fdatasync", "fsync", "sync_file_range", "syncfs");
constexpr auto kAdvise = names("fadvise64", "fadvise64_64", "readahead");
constexpr auto kRename = names("rename", "renameat", "renameat2");
constexpr auto kUnlink = names("rmdir", "unlink", "unlinkat");
constexpr auto kMakeDirectory = names("mkdir", "mkdirat");
constexpr auto kLink = names("link", "linkat");
constexpr auto kSymlink = names("symlink", "symlinkat");
constexpr auto kOwner = names("chown", "chown32", "fchown", "fchown32", "fchownat", "lchown", "lchown32");
constexpr auto kMode = names("chmod", "fchmod", "fchmodat", "fchmodat2");
constexpr auto kTimes = names("futimesat", "utime", "utimensat", "utimensat_time64", "utimes");
constexpr auto kDirectory = names("chdir", "fchdir");
constexpr auto kDuplicate = names("dup", "dup2", "dup3");
constexpr auto kClose = names("close", "close_range");
constexpr auto kControl = names("fcntl", "fcntl64");
constexpr auto kPipe = names("pipe", "pipe2");
constexpr auto kPoll = names("_newselect", "poll", "ppoll", "ppoll_time64", "pselect6", "pselect6_time64", "select");
constexpr auto kEpoll =
    names("epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait");
constexpr auto kInotify = names("inotify_add_watch", "inotify_init", "inotify_init1", "inotify_rm_watch");
constexpr auto kEvent = names("eventfd", "eventfd2");
constexpr auto kSignalDescriptor = names("signalfd", "signalfd4");
constexpr auto kTimerDescriptor =
    names("timerfd_create", "timerfd_gettime", "timerfd_gettime64", "timerfd_settime", "timerfd_settime64");
constexpr auto kAccept = names("accept", "accept4");
constexpr auto kSend = names("send", "sendmmsg", "sendmsg", "sendto");
constexpr auto kReceive = names("recv", "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg");
constexpr auto kSocketNames = names("getpeername", "getsockname");
constexpr auto kSocketOptions = names("getsockopt", "setsockopt");
constexpr auto kFork = names("clone", "fork", "vfork");
constexpr auto kWait = names("wait4", "waitid", "waitpid");
constexpr auto kExecute = names("execve", "execveat");
constexpr auto kFutex = names("futex", "futex_requeue", "futex_time64", "futex_wait", "futex_waitv", "futex_wake");
constexpr auto kRobust = names("get_robust_list", "set_robust_list");
constexpr auto kAffinity = names("sched_getaffinity", "sched_setaffinity");
constexpr auto kScheduler =
    names("sched_getparam", "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min");
constexpr auto kSleep = names("clock_nanosleep", "clock_nanosleep_time64", "nanosleep");
constexpr auto kTime =
    names("clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64", "gettimeofday", "time");
constexpr auto kTimer = names("alarm", "getitimer", "setitimer");
constexpr auto kSignalWait = names("pause", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64");
constexpr auto kSignalSend = names("kill", "pidfd_open", "pidfd_send_signal", "tgkill", "tkill");
constexpr auto kLimits = names("getrlimit", "prlimit64", "setrlimit", "ugetrlimit");
constexpr auto kIds =
    names("getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups", "getgroups32", "getresgid",
          "getresgid32", "getresuid", "getresuid32", "getuid", "getuid32");
constexpr auto kSetUser = names("setresuid", "setresuid32", "setreuid", "setreuid32", "setuid", "setuid32");
constexpr auto kSetGroup = names("setgid", "setgid32", "setregid", "setregid32", "setresgid", "setresgid32");
constexpr auto kProcessIds = names("getpgid", "getpgrp", "getpid", "getppid", "getsid", "gettid");
constexpr auto kUsage = names("getrusage", "sysinfo", "times");
constexpr auto kMap = names("mmap", "mmap2", "mremap", "munmap");
constexpr auto kLock = names("mlock", "mlock2", "munlock");

constexpr std::array kFamilies = {
    Family(kOpen),
    Family(kStat),
    Family(kStatFilesystem),
    Family(kAccess),
    Family(kReadLink),
    Family(kGetDirectory),
    Family(kSeek),
    Family(kRead),
    Family(kWrite),
    Family(kCopy),
    Family(kTruncate),
    Family(kSync),
    Family(kAdvise),
    Family(kRename),
    Family(kUnlink),
    Family(kMakeDirectory),
    Family(kLink),
    Family(kSymlink),
    Family(kOwner),
    Family(kMode),
    Family(kTimes),
    Family(kDirectory),
    Family(kDuplicate),
    Family(kClose),
    Family(kControl),
    Family(kPipe),
    Family(kPoll),
    Family(kEpoll),
    Family(kInotify),
    Family(kEvent),
    Family(kSignalDescriptor),
    Family(kTimerDescriptor),
    Family(kAccept),
    Family(kSend),
    Family(kReceive),
    Family(kSocketNames),
    Family(kSocketOptions),
    Family(kFork),
    Family(kWait),
    Family(kExecute),
    Family(kFutex),
    Family(kRobust),
    Family(kAffinity),
    Family(kScheduler),
    Family(kSleep),
    Family(kTime),
    Family(kTimer),
    Family(kSignalWait),
    Family(kSignalSend),
    Family(kLimits),
    Family(kIds),
    Family(kSetUser),
    Family(kSetGroup),
    Family(kProcessIds),
    Family(kUsage),
    Family(kMap),
    Family(kLock),
};

}  // namespace

std::span<const Family> families() { return kFamilies; }

}  // namespace runward::profiles

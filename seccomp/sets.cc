// SPDX-License-Identifier: Apache-2.0
#include "seccomp/sets.h"

#include <algorithm>
#include <array>

namespace runward::seccomp {
namespace {

using Names = std::string_view;

// glibc and musl sysdeps, Go's runtime and os packages, libuv, V8, systemd's libraries.
constexpr std::array<Names, 30> kProbedCalls = {"cachestat",
                                                "clone3",
                                                "close_range",
                                                "copy_file_range",
                                                "epoll_pwait2",
                                                "faccessat2",
                                                "fchmodat2",
                                                "futex_waitv",
                                                "getrandom",
                                                "io_uring_enter",
                                                "io_uring_register",
                                                "io_uring_setup",
                                                "landlock_create_ruleset",
                                                "listmount",
                                                "membarrier",
                                                "memfd_create",
                                                "mseal",
                                                "openat2",
                                                "pidfd_getfd",
                                                "pidfd_open",
                                                "pidfd_send_signal",
                                                "pkey_alloc",
                                                "preadv2",
                                                "process_madvise",
                                                "pwritev2",
                                                "renameat2",
                                                "rseq",
                                                "set_mempolicy_home_node",
                                                "statmount",
                                                "statx"};

constexpr std::array<Names, 15> kEssentialCalls = {"brk",          "clock_getres", "clock_gettime", "execve",
                                                   "exit",         "exit_group",   "getcpu",        "gettimeofday",
                                                   "mmap",         "mprotect",     "munmap",        "restart_syscall",
                                                   "rt_sigaction", "rt_sigreturn", "time"};

// The end; a call that a stop and a continue interrupted (docker pause); the clock, when the host changes to a clock
// source that the vDSO can't read. The vDSO's other functions ask the kernel in every case or in none. Without exit a
// thread's end is a loop.
constexpr std::array<Names, 7> kUnforeseenCalls = {"clock_gettime", "execve",          "exit",        "exit_group",
                                                   "gettimeofday",  "restart_syscall", "rt_sigreturn"};

constexpr std::array<Names, 53> kOrdinaryCalls = {"alarm",
                                                  "clock_nanosleep",
                                                  "clock_nanosleep_time64",
                                                  "getcwd",
                                                  "getegid",
                                                  "getegid32",
                                                  "geteuid",
                                                  "geteuid32",
                                                  "getgid",
                                                  "getgid32",
                                                  "getgroups",
                                                  "getgroups32",
                                                  "getitimer",
                                                  "getpeername",
                                                  "getpgid",
                                                  "getpgrp",
                                                  "getpid",
                                                  "getppid",
                                                  "getpriority",
                                                  "getrandom",
                                                  "getresgid",
                                                  "getresgid32",
                                                  "getresuid",
                                                  "getresuid32",
                                                  "getrlimit",
                                                  "getrusage",
                                                  "getsid",
                                                  "getsockname",
                                                  "getsockopt",
                                                  "gettid",
                                                  "getuid",
                                                  "getuid32",
                                                  "nanosleep",
                                                  "pause",
                                                  "poll",
                                                  "ppoll",
                                                  "ppoll_time64",
                                                  "pselect6",
                                                  "pselect6_time64",
                                                  "rt_sigpending",
                                                  "rt_sigsuspend",
                                                  "rt_sigtimedwait",
                                                  "rt_sigtimedwait_time64",
                                                  "sched_getaffinity",
                                                  "sched_yield",
                                                  "select",
                                                  "setitimer",
                                                  "shutdown",
                                                  "sysinfo",
                                                  "times",
                                                  "ugetrlimit",
                                                  "umask",
                                                  "uname"};

// Measured with runc 1.1.5 to 1.3 and crun 1.8.1; from rt_sigreturn on: what Go's scheduler and signals may add, not in
// every run.
constexpr std::array<Names, 35> kRuntimeStartCalls = {
    "clone",       "close",       "epoll_ctl",       "epoll_pwait",  "execve",         "exit",
    "exit_group",  "fcntl",       "fstat",           "fstatfs",      "futex",          "getdents64",
    "getpid",      "gettid",      "madvise",         "mmap",         "munmap",         "nanosleep",
    "newfstatat",  "open",        "openat",          "openat2",      "prctl",          "read",
    "readlinkat",  "recvfrom",    "restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    "sched_yield", "sigaltstack", "statx",           "tgkill",       "write"};

constexpr std::array<Names, 12> kMountCalls = {"fsconfig",       "fsmount",       "fsopen",     "fspick",
                                               "mount",          "mount_setattr", "move_mount", "open_tree",
                                               "open_tree_attr", "pivot_root",    "umount",     "umount2"};
constexpr std::array<Names, 5> kModuleCalls = {"create_module", "delete_module", "finit_module", "init_module",
                                               "query_module"};
constexpr std::array<Names, 3> kKeyringCalls = {"add_key", "keyctl", "request_key"};
constexpr std::array<Names, 3> kIoUringCalls = {"io_uring_enter", "io_uring_register", "io_uring_setup"};
constexpr std::array<Names, 9> kDebugCalls = {"kcmp",
                                              "lookup_dcookie",
                                              "perf_event_open",
                                              "pidfd_getfd",
                                              "process_madvise",
                                              "process_vm_readv",
                                              "process_vm_writev",
                                              "ptrace",
                                              "rtas"};
constexpr std::array<Names, 6> kClockSetCalls = {"clock_settime", "clock_settime64", "settimeofday",
                                                 "stime",         "adjtimex",        "clock_adjtime"};
constexpr std::array<Names, 4> kRebootCalls = {"kexec_file_load", "kexec_load", "reboot", "swapon"};
constexpr std::array<Names, 4> kRawIoCalls = {"ioperm", "iopl", "pciconfig_read", "pciconfig_write"};
constexpr std::array<Names, 9> kObsoleteCalls = {"_sysctl", "afs_syscall", "bdflush", "getpmsg", "nfsservctl",
                                                 "putpmsg", "sysfs",       "uselib",  "ustat"};
constexpr std::array<Names, 6> kMemoryPolicyCalls = {"get_mempolicy", "mbind",         "migrate_pages",
                                                     "move_pages",    "set_mempolicy", "set_mempolicy_home_node"};

constexpr std::array kSets = {
    SyscallSet{kProbed, "tried first by libraries, which fall back where they hear ENOSYS", kProbedCalls},
    SyscallSet{kEssential, "what any program needs to run and to end", kEssentialCalls},
    SyscallSet{kUnforeseen, "what a program that was watched may still come to call", kUnforeseenCalls},
    SyscallSet{kOrdinary, "what gives a program no right over anything but itself", kOrdinaryCalls},
    SyscallSet{kRuntimeStart, "what the low-level runtime calls once the filter is loaded", kRuntimeStartCalls},
    SyscallSet{"@mount", "the tree of filesystems", kMountCalls},
    SyscallSet{"@module", "code into the kernel", kModuleCalls},
    SyscallSet{"@keyring", "the kernel's keys, which have no namespace of their own", kKeyringCalls},
    SyscallSet{"@io-uring", "input and output that no filter sees", kIoUringCalls},
    SyscallSet{"@debug", "looking into other processes", kDebugCalls},
    SyscallSet{"@clock-set", "the host's clock", kClockSetCalls},
    SyscallSet{"@reboot", "the host's power, its next kernel and its swap", kRebootCalls},
    SyscallSet{"@raw-io", "ports and buses of the machine", kRawIoCalls},
    SyscallSet{"@obsolete", "calls that no program of today makes", kObsoleteCalls},
    SyscallSet{"@memory-policy", "NUMA placement, of other processes too", kMemoryPolicyCalls},
};

}  // namespace

std::span<const SyscallSet> syscall_sets() { return kSets; }

const SyscallSet* find_set(std::string_view name) {
  const auto* const found = std::ranges::find(kSets, name, &SyscallSet::name);
  return found == kSets.end() ? nullptr : found;
}

bool is_in(std::string_view call, std::string_view set) {
  const SyscallSet* const found = find_set(set);
  return found != nullptr && std::ranges::find(found->calls, call) != found->calls.end();
}

}  // namespace runward::seccomp

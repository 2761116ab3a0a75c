// SPDX-License-Identifier: Apache-2.0
#include "profiles/reach/libc_calls.h"

#include <algorithm>
#include <array>

#include "seccomp/compile.h"

namespace runward::profiles {
namespace {

// Words; a function may be in several rows.
struct Row {
  std::string_view functions;
  std::string_view calls;
};

// From the sources of glibc 2.36 and musl 1.2.3. Of spellings of one call any will do: families.h has the others.
constexpr std::array kRows = {
    // Memory.
    Row{"malloc calloc realloc reallocarray aligned_alloc memalign posix_memalign valloc free Znwm Znam strdup strndup "
        "asprintf vasprintf getline getdelim open_memstream",
        "brk mmap munmap mremap madvise mprotect"},
    Row{"malloc_trim", "madvise brk"},
    Row{"sbrk", "brk"},
    Row{"posix_madvise", "madvise"},
    Row{"shm_open", "openat fstat"},
    Row{"shm_unlink sem_unlink", "unlink"},
    // Streams, and files by name.
    Row{"fopen freopen fdopen fmemopen tmpfile popen fopencookie ofstream ifstream setmntent",
        "openat fstat read write lseek close fcntl ioctl mmap munmap brk"},
    Row{"fread fgets fgetc getc getchar fscanf scanf vfscanf isoc99_fscanf isoc99_scanf uflow getline getdelim",
        "read fstat"},
    Row{"fwrite fputs fputc putc putchar puts printf fprintf vprintf vfprintf dprintf vdprintf perror fflush overflow "
        "psignal err errx warn warnx error",
        "write writev fstat"},
    Row{"fseek fseeko ftell ftello rewind fsetpos fgetpos", "lseek"},
    Row{"fclose pclose", "close write lseek"},
    Row{"opendir fdopendir readdir scandir seekdir rewinddir ftw nftw fts_open glob wordexp getdirentries",
        "openat fstat getdents64 lseek close fcntl"},
    Row{"creat mkostemp mkstemp mkostemps mkstemps mkdtemp mktemp tempnam tmpnam tmpfile",
        "openat mkdir getrandom lstat"},
    Row{"pread pwrite preadv pwritev", "pread64 pwrite64 preadv pwritev"},
    Row{"stat lstat fstat fstatat xstat fxstat lxstat fxstatat", "newfstatat stat fstat lstat statx"},
    Row{"statvfs fstatvfs pathconf fpathconf", "statfs fstatfs"},
    Row{"realpath canonicalize_file_name getwd get_current_dir_name", "readlink getcwd lstat newfstatat"},
    Row{"access eaccess euidaccess faccessat", "access faccessat faccessat2"},
    Row{"remove", "unlink rmdir"},
    Row{"mkfifo mkfifoat xmknod xmknodat", "mknod mknodat"},
    Row{"lockf flock", "fcntl flock"},
    Row{"posix_fallocate", "fallocate"},
    Row{"posix_fadvise", "fadvise64"},
    Row{"futimes lutimes futimens utime utimes", "utimensat utime utimes"},
    Row{"fchmodat lchmod", "fchmodat fchmodat2 openat close"},
    Row{"isatty tcgetattr tcsetattr tcgetpgrp tcsetpgrp tcflush tcsendbreak tcdrain ttyname ttyname_r openpty forkpty "
        "ptsname "
        "grantpt unlockpt posix_openpt login_tty",
        "ioctl readlink openat"},
    Row{"aio_read aio_write aio_fsync lio_listio", "pread64 pwrite64 fsync fdatasync clone futex mmap mprotect"},
    Row{"dlopen dlmopen dl_iterate_phdr", "openat read fstat pread64 mmap mprotect munmap close"},
    Row{"iconv_open bindtextdomain textdomain dcgettext setlocale newlocale",
        "openat read fstat mmap munmap close lseek"},
    // Processes and threads.
    Row{"fork vfork daemon forkpty", "clone vfork set_robust_list"},
    Row{"daemon", "setsid chdir openat dup2 close exit_group"},
    Row{"posix_spawn posix_spawnp system popen wordexp",
        "clone vfork execve wait4 pipe2 dup2 close rt_sigprocmask rt_sigaction mmap munmap exit_group kill"},
    Row{"execv execvp execvpe execl execle execlp fexecve execve execveat", "execve execveat"},
    Row{"wait waitpid wait3 wait4 waitid", "wait4 waitid"},
    Row{"exit quick_exit Exit", "exit_group"},
    Row{"abort raise assert_fail stack_chk_fail fortify_fail pthread_kill",
        "tgkill gettid getpid rt_sigprocmask rt_sigaction"},
    Row{"pthread_create thrd_create",
        "clone clone3 mmap mprotect munmap madvise set_robust_list rseq rt_sigprocmask sched_setscheduler "
        "sched_setaffinity exit futex"},
    Row{"pthread_join pthread_exit thrd_join thrd_exit", "futex exit madvise munmap"},
    Row{"pthread_mutex_lock pthread_mutex_timedlock pthread_mutex_unlock pthread_cond_wait pthread_cond_timedwait "
        "pthread_cond_signal "
        "pthread_cond_broadcast pthread_rwlock_rdlock pthread_rwlock_wrlock pthread_rwlock_unlock pthread_barrier_wait "
        "pthread_once sem_wait sem_timedwait sem_post mtx_lock cnd_wait call_once",
        "futex"},
    Row{"sem_open", "openat link unlink mmap futex fstat"},
    Row{"pthread_setaffinity_np pthread_attr_setaffinity_np", "sched_setaffinity"},
    Row{"pthread_getaffinity_np pthread_getattr_np", "sched_getaffinity prlimit64 openat read close"},
    Row{"pthread_setname_np pthread_getname_np", "prctl openat read write close"},
    Row{"pthread_setschedparam pthread_setschedprio", "sched_setscheduler sched_setparam"},
    Row{"pthread_sigmask sigprocmask sigblock sigsetmask siglongjmp sigsetjmp longjmp_chk", "rt_sigprocmask"},
    Row{"pthread_sigqueue sigqueue", "rt_tgsigqueueinfo rt_sigqueueinfo"},
    Row{"pthread_cancel", "tgkill rt_sigaction futex"},
    Row{"sched_getcpu", "getcpu"},
    Row{"nice getpriority setpriority", "getpriority setpriority"},
    Row{"getrlimit setrlimit getdtablesize ulimit", "prlimit64 getrlimit setrlimit"},
    Row{"sysconf get_nprocs get_nprocs_conf get_phys_pages get_avphys_pages getpagesize",
        "sched_getaffinity sysinfo openat read close prlimit64"},
    Row{"gethostname getdomainname uname", "uname"},
    Row{"initgroups", "setgroups openat read lseek fstat close socket connect"},
    Row{"seteuid setresuid setreuid setuid", "setresuid setreuid setuid futex tgkill"},
    Row{"setegid setresgid setregid setgid", "setresgid setregid setgid futex tgkill"},
    Row{"getloadavg", "openat read close"},
    // Signals, timers, waiting.
    Row{"signal sigaction bsd_signal sysv_signal sigset sigignore siginterrupt", "rt_sigaction"},
    Row{"sigsuspend pause", "rt_sigsuspend pause"},
    Row{"sigwait sigwaitinfo sigtimedwait", "rt_sigtimedwait"},
    Row{"sigpending", "rt_sigpending"},
    Row{"sigaltstack", "sigaltstack"},
    Row{"killpg", "kill"},
    Row{"sleep usleep nanosleep clock_nanosleep thrd_sleep", "clock_nanosleep nanosleep"},
    Row{"alarm ualarm setitimer getitimer", "alarm setitimer getitimer"},
    Row{"select pselect", "select pselect6"},
    Row{"poll ppoll", "poll ppoll"},
    Row{"times clock getrusage", "times getrusage clock_gettime"},
    Row{"eventfd", "eventfd2"},
    Row{"signalfd", "signalfd4"},
    Row{"inotify_init", "inotify_init1"},
    Row{"epoll_create", "epoll_create1"},
    Row{"pipe", "pipe pipe2"},
    Row{"arc4random arc4random_buf arc4random_uniform getentropy", "getrandom openat read poll close"},
    // The network, and who is who.
    Row{"send recv", "sendto recvfrom"},
    Row{"accept", "accept accept4"},
    Row{"getaddrinfo getnameinfo gethostbyname gethostbyname2 gethostbyname_r gethostbyname2_r gethostbyaddr "
        "gethostbyaddr_r "
        "res_init res_ninit res_query res_search res_nquery res_nsearch res_send getservbyname getservbyname_r "
        "getservbyport",
        "socket connect bind getsockname setsockopt sendto sendmmsg recvfrom recvmsg poll ioctl openat read fstat "
        "lseek close uname"},
    Row{"getpwnam getpwnam_r getpwuid getpwuid_r getgrnam getgrnam_r getgrgid getgrgid_r getgrouplist getpwent "
        "getgrent getspnam "
        "getlogin getlogin_r cuserid",
        "socket connect sendto poll openat read fstat lseek close mmap"},
    Row{"getifaddrs if_nametoindex if_indextoname if_nameindex", "socket bind getsockname sendto recvmsg ioctl close"},
    Row{"openlog syslog vsyslog", "socket connect sendto close getpid openat read fstat"},
    // Time zones.
    Row{"localtime localtime_r mktime tzset strftime", "openat read fstat lseek close"},
};

bool has_word(std::string_view words, std::string_view word) {
  for (std::size_t at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
    const bool begins = at == 0 || words[at - 1] == ' ';
    const bool ends = at + word.size() == words.size() || words[at + word.size()] == ' ';
    if (begins && ends) return true;
  }
  return false;
}

void add_words(std::string_view words, std::set<std::string>& all) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    all.emplace(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

// "__open64_2", "__read_chk", "pread64": the same functions for the linker, checked, or with large files.
std::string_view plain(std::string_view import) {
  while (import.starts_with('_')) import.remove_prefix(1);
  for (const std::string_view suffix : {"_chk", "_2", "64", "_time64"})
    if (import.size() > suffix.size() && import.ends_with(suffix)) import.remove_suffix(suffix.size());
  return import;
}

}  // namespace

std::set<std::string> calls_of_import(std::string_view import, std::string_view architecture) {
  std::set<std::string> calls;
  for (const std::string_view name : {import, plain(import)}) {
    if (name.empty() || name.find(' ') != std::string_view::npos) continue;
    if (seccomp::syscall_number(std::string(name), std::string(architecture))) calls.emplace(name);
    for (const Row& row : kRows)
      if (has_word(row.functions, name)) add_words(row.calls, calls);
  }
  return calls;
}

}  // namespace runward::profiles

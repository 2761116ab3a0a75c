// SPDX-License-Identifier: Apache-2.0
//
// escape_calls - asks the seccomp filter that it runs under about every call of seccomp/data/risks.cc.
//
// Prints a line for each: ID <tab> VERDICT <tab> DETAIL
//   through  the filter let the call go on into the kernel
//   refused  the filter answered: DETAIL is the error that the caller got, or "killed"
//   absent   this machine has no such call, or no such way in: DETAIL says which
// With --names it prints the calls' names instead and asks nothing.
// Exit code 0 when every question was answered, 2 when one could not be asked.
//
// How it tells the filter's refusal from the kernel's own, which may well be the same EPERM: before it makes the call,
// a child puts a filter of its own on top, which hands this one call to its parent (SECCOMP_RET_USER_NOTIF). Of all
// filters' answers the kernel takes the strictest (seccomp(2)), and killing, trapping and errors are stricter than
// asking somebody. So the parent is asked if, and only if, every filter below would have let the call through; and as
// it answers with an error, the call is never carried out: the arguments are those of the real attack, and nothing is
// harmed.
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "seccomp/data/risks.h"

namespace {

using runward::seccomp::Entry;
using runward::seccomp::Risk;

// What parent and child share: the child's descriptors are the parent's too (CLONE_FILES), so a number is enough.
struct Shared {
  std::atomic<int> listener;
  std::atomic<long> result;
  std::atomic<bool> returned;
};
constexpr int kNoListener = -1;

struct Call {
  const Risk& risk;
  long number;
  std::uint32_t audit_arch;
};

long invoke_native(long number, const std::array<std::uint64_t, 6>& a) {
  const long result = ::syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  return result == -1 ? -errno : result;
}

#ifdef __x86_64__
constexpr std::uint32_t kNativeAudit = AUDIT_ARCH_X86_64;
long invoke_i386(long number, const std::array<std::uint64_t, 6>& a) {
  long result = number;
  // Five arguments: no i386 row needs the sixth, which goes by the frame pointer.
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
               : "memory", "r8", "r9", "r10", "r11");
  return static_cast<int>(result);
}
#elif defined(__aarch64__)
constexpr std::uint32_t kNativeAudit = AUDIT_ARCH_AARCH64;
long invoke_i386(long, const std::array<std::uint64_t, 6>&) { return -ENOSYS; }
#else
#error "say what this machine's AUDIT_ARCH is"
#endif

long invoke(const Call& call) {
  return call.risk.entry == Entry::i386 ? invoke_i386(call.number, call.risk.arguments)
                                        : invoke_native(call.number, call.risk.arguments);
}

std::uint32_t library_arch(Entry entry) {
  switch (entry) {
    case Entry::native:
      return ::seccomp_arch_native();
    case Entry::x32:
      return SCMP_ARCH_X32;
    case Entry::i386:
      return SCMP_ARCH_X86;
  }
  return 0;
}

// The answer is our listener's for this one call, and "allow" for all others.
int install_question(const Call& call) {
  const std::array filter = {
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call.audit_arch, 0, 3),
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call.number), 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program{};
  program.len = static_cast<unsigned short>(filter.size());
  program.filter = const_cast<sock_filter*>(filter.data());
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return kNoListener;
  return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

[[noreturn]] void child(const Call& call, Shared& shared) {
  const int listener = install_question(call);
  if (listener < 0) ::_exit(2);
  shared.listener = listener;
  shared.result = invoke(call);
  shared.returned = true;
  ::_exit(0);
}

// Takes the question, if there is one, and answers it so that the call does not happen.
bool take_question(int listener) {
  pollfd waiting{.fd = listener, .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, 20) != 1 || (waiting.revents & POLLIN) == 0) return false;
  seccomp_notif question{};
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) != 0) return false;
  seccomp_notif_resp answer{};
  answer.id = question.id;
  answer.error = -EXDEV;
  ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  return true;
}

struct Verdict {
  const char* word;
  std::string detail;
};

Verdict verdict_of(bool asked, int status, const Shared& shared) {
  if (asked) return {"through", ""};
  if (shared.returned) return {"refused", ::strerrorname_np(static_cast<int>(-shared.result))};
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) return {"refused", "killed"};
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) return {"absent", "the kernel has no int 0x80"};
  return {"unknown", "the child ended with status " + std::to_string(status)};
}

Verdict ask(const Call& call, Shared& shared) {
  shared.listener = kNoListener;
  shared.returned = false;
  const long pid = ::syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
  if (pid < 0) return {"unknown", std::string("clone: ") + ::strerror(errno)};
  if (pid == 0) child(call, shared);
  bool asked = false;
  int status = 0;
  while (::waitpid(static_cast<pid_t>(pid), &status, WNOHANG) == 0) {
    const int listener = shared.listener;
    if (listener == kNoListener)
      ::usleep(200);
    else
      asked = take_question(listener) || asked;
  }
  if (shared.listener != kNoListener) ::close(shared.listener);
  return verdict_of(asked, status, shared);
}

Verdict ask(const Risk& risk, Shared& shared) {
#ifndef __x86_64__
  if (risk.entry != Entry::native) return {"absent", "only x86-64 has this way in"};
#endif
  const int number = ::seccomp_syscall_resolve_name_arch(library_arch(risk.entry), std::string(risk.syscall).c_str());
  if (number < 0) return {"absent", "this machine has no such call"};
  const std::uint32_t audit_arch = risk.entry == Entry::i386 ? AUDIT_ARCH_I386 : kNativeAudit;
  return ask(Call{.risk = risk, .number = number, .audit_arch = audit_arch}, shared);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--names") == 0) {
    for (const Risk& risk : runward::seccomp::risks()) std::puts(std::string(risk.syscall).c_str());
    return 0;
  }
  void* const page = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return 2;
  auto& shared = *new (page) Shared{};
  int code = 0;
  for (const Risk& risk : runward::seccomp::risks()) {
    const Verdict verdict = ask(risk, shared);
    if (std::strcmp(verdict.word, "unknown") == 0) code = 2;
    std::printf("%.*s\t%s\t%s\n", static_cast<int>(risk.id.size()), risk.id.data(), verdict.word,
                verdict.detail.c_str());
    std::fflush(stdout);
  }
  return code;
}

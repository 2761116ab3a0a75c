// SPDX-License-Identifier: Apache-2.0
#include "profiles/audit/listener.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace runward::profiles::audit {
namespace {

constexpr std::size_t kMostAtOnce = 4096;
constexpr int kBufferBytes = 64 << 20;  // taken only where there is something to keep

Result<UniqueFd> open_audit() {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT));
  if (!fd) return errno_error("open", "the kernel's audit");
  return fd;
}

// One message of the kernel's; nothing: none is there, or errno tells.
struct Message {
  std::uint16_t type = 0;
  std::string_view text;
};
enum class Got { message, nothing, lost, other };

class Inbox {
 public:
  Got receive(int fd, Message& message) {
    sockaddr_nl sender{};
    iovec part{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
    msghdr header{};
    header.msg_name = &sender;
    header.msg_namelen = sizeof sender;
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    const ssize_t length = ::recvmsg(fd, &header, 0);
    if (length < 0 && errno == ENOBUFS) return Got::lost;
    if (length < 0) return errno == EINTR ? Got::other : Got::nothing;
    const auto size = static_cast<std::size_t>(length);
    // Other processes can send to us too; the kernel is 0. The length in the audit's headers is not to be trusted: it
    // leaves out the header or does not, by the kernel's version.
    const bool is_kernels = header.msg_namelen == sizeof sender && sender.nl_pid == 0;
    if (!is_kernels || size < NLMSG_HDRLEN) return Got::other;
    nlmsghdr head{};
    std::memcpy(&head, buffer_.data(), sizeof head);
    message.type = head.nlmsg_type;
    message.text = std::string_view(buffer_.data() + NLMSG_HDRLEN, size - NLMSG_HDRLEN);
    return (header.msg_flags & MSG_TRUNC) != 0 ? Got::lost : Got::message;
  }

 private:
  std::array<char, kMaxRecordBytes> buffer_{};
};

// A call that changes nothing and that no C library makes between the filter and the end.
constexpr int kSignCall = SYS_getppid;

// Only what may be called between fork and exec.
[[noreturn]] void give_sign() {
  std::array program = {
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSignCall, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_LOG),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(1);
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0) ::_exit(1);
  ::syscall(kSignCall);
  ::_exit(0);
}

Result<pid_t> make_sign() {
  const pid_t child = ::fork();
  if (child < 0) return errno_error("start", "a process that gives a sign");
  if (child == 0) give_sign();
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return child;
  return make_error(ErrorKind::unsupported, "this kernel has no seccomp filters that log");
}

// Nothing where it does not tell (CAP_AUDIT_CONTROL).
std::optional<audit_status> ask_for_status() {
  struct {
    nlmsghdr head{};
    audit_status body{};
  } request;
  const auto fd = open_audit();
  if (!fd) return std::nullopt;
  request.head.nlmsg_len = NLMSG_LENGTH(0);
  request.head.nlmsg_type = AUDIT_GET;
  request.head.nlmsg_flags = NLM_F_REQUEST;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(fd->get(), &request.head, NLMSG_LENGTH(0), 0, reinterpret_cast<const sockaddr*>(&kernel),
               sizeof kernel) < 0)
    return std::nullopt;
  // A thread of the kernel's answers, in its own time (audit_send_reply()).
  constexpr int kPatience = 1000;  // milliseconds
  Inbox inbox;
  Message message;
  pollfd wait{.fd = fd->get(), .events = POLLIN, .revents = 0};
  ::poll(&wait, 1, kPatience);
  if (inbox.receive(fd->get(), message) != Got::message || message.type != AUDIT_GET) return std::nullopt;
  audit_status status{};
  std::memcpy(&status, message.text.data(), std::min(sizeof status, message.text.size()));
  return status;
}

// Without an audit daemon and a limit it counts only what that daemon would have missed.
bool counts_for_somebody(const audit_status& status) { return status.pid != 0 || status.rate_limit != 0; }

}  // namespace

bool may_be_sign(const Record& record) {
  const auto* const call = std::get_if<FilteredCall>(&record.what);
  return call != nullptr && call->number == kSignCall && call->action == SECCOMP_RET_LOG;
}

Result<Listener> Listener::open() {
  SHIM_TRY(UniqueFd fd, open_audit());
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  const int group = AUDIT_NLGRP_READLOG;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return errno_error("bind to", "the kernel's audit");
  // Beyond the limit for everybody where we may; else what the limit gives.
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes) != 0)
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof kBufferBytes);
  if (::setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
    return errno_error("listen to", "the kernel's audit");
  return Listener(std::move(fd));
}

Batch Listener::read() {
  Batch batch;
  Inbox inbox;
  for (std::size_t i = 0; i < kMostAtOnce; ++i) {
    Message message;
    const Got got = inbox.receive(fd_.get(), message);
    if (got == Got::nothing) break;
    batch.lost = batch.lost || got == Got::lost;
    if (got != Got::message) continue;
    auto record = parse_record(message.type, message.text);
    if (!record) {
      ++batch.unreadable;
    } else if (*record) {
      batch.records.push_back(**std::move(record));
    }
  }
  return batch;
}

std::optional<std::uint32_t> lost_records() {
  const auto status = ask_for_status();
  return status && counts_for_somebody(*status) ? std::optional(status->lost) : std::nullopt;
}

Status check_that_losses_are_told() {
  const auto status = ask_for_status();
  if (!status)
    return make_error(ErrorKind::unsupported,
                      "the kernel's audit does not tell its state: that takes CAP_AUDIT_CONTROL and the host's pid and "
                      "user namespaces");
  const bool waits = status->backlog_limit == 0 || status->backlog_wait_time != 0;
  if (waits || counts_for_somebody(*status)) return ok();
  return make_error(
      ErrorKind::unsupported,
      "the kernel's audit drops what does not fit its queue, without waiting and without telling: set its "
      "backlog_wait_time (auditctl --backlog_wait_time 60000)");
}

Status read_up_to_now(Listener& listener, const std::function<void(const Batch&)>& take) {
  constexpr int kTries = 100;
  constexpr int kPatience = 100;  // milliseconds
  SHIM_TRY(const pid_t sign, make_sign());
  for (int i = 0; i < kTries; ++i) {
    pollfd wait{.fd = listener.fd(), .events = POLLIN, .revents = 0};
    ::poll(&wait, 1, kPatience);
    Batch batch = listener.read();
    const auto signs =
        std::erase_if(batch.records, [&](const Record& record) { return record.pid == sign && may_be_sign(record); });
    take(batch);
    if (signs != 0) return ok();
  }
  return make_error(ErrorKind::unsupported,
                    "no record of the kernel's audit comes here: 'log' must be in "
                    "/proc/sys/kernel/seccomp/actions_logged, no audit rule may exclude type 1326, no rate limit may "
                    "hold it back (auditctl -r 0), and this must be the host's network namespace");
}

}  // namespace runward::profiles::audit

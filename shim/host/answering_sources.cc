// SPDX-License-Identifier: Apache-2.0
#include "shim/host/answering_sources.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <string_view>

#include "shim/base/unique_fd.h"
#include "shim/host/mount_table.h"
#include "shim/host/told_mounts.h"

namespace runward::host {
namespace {

using std::chrono::steady_clock;

constexpr std::array<std::string_view, 9> kServed = {"nfs",  "nfs4", "cifs", "smb3",    "9p",
                                                     "ceph", "afs",  "fuse", "virtiofs"};
// The same by number (linux/magic.h, and SMB2's and Ceph's own headers); virtiofs has that of FUSE.
constexpr std::array<std::uint32_t, 8> kServedMagics = {0x6969,     0xff534d42, 0xfe534d42, 0x01021997,
                                                        0x00c36400, 0x5346414f, 0x6b414653, 0x65735546};

bool is_users(const oci::Mount& mount, const std::string& container_id) {
  return mount.is_bind() && mount.source.starts_with('/') &&
         (container_id.empty() || mount.source.find("containers/" + container_id + "/") == std::string::npos);
}

// Its path, free of symbolic links.
std::string look_at(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  std::array<char, PATH_MAX> resolved{};
  if (!fd || ::fstat(fd.get(), &status) != 0) return path;
  const ssize_t length =
      ::readlink(("/proc/self/fd/" + std::to_string(fd.get())).c_str(), resolved.data(), resolved.size());
  return length > 0 ? std::string(resolved.data(), static_cast<std::size_t>(length)) : path;
}

// In the child: a byte for each source that has answered, with what is mounted below it.
[[noreturn]] void look_at_all(const std::vector<oci::Mount>& binds, const std::vector<std::string>& served,
                              int answers) {
  for (const oci::Mount& bind : binds) {
    const std::string resolved = look_at(bind.source);
    for (const std::string& point : served)
      if (point != resolved && is_or_below(point, resolved)) look_at(point);
    if (::write(answers, "", 1) != 1) break;
  }
  ::_exit(0);
}

// How many have answered when all have, or time is up.
std::size_t count_answers(const UniqueFd& answers, std::chrono::milliseconds patience) {
  const auto end = steady_clock::now() + patience;
  std::size_t count = 0;
  std::array<char, 64> buffer{};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now()).count();
    pollfd ready{.fd = answers.get(), .events = POLLIN, .revents = 0};
    const int events = ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (events < 0 && errno == EINTR) continue;
    const ssize_t length = events > 0 ? ::read(answers.get(), buffer.data(), buffer.size()) : 0;
    if (length <= 0) return count;
    count += static_cast<std::size_t>(length);
  }
}

Status no_answer(const oci::Mount& bind, std::chrono::milliseconds patience) {
  return make_error(
      ErrorKind::unsupported,
      "the mount '" + bind.source + "' on '" + bind.destination +
          "' is refused (rule mounts): its filesystem, or one that is mounted in it, did not answer within " +
          std::to_string(std::chrono::ceil<std::chrono::seconds>(patience).count()) +
          " s: see to the program or machine that serves it");
}

}  // namespace

bool may_not_answer(std::string_view filesystem) {
  return std::ranges::find(kServed, filesystem) != kServed.end() || filesystem.starts_with("fuse.") ||
         filesystem == "fuseblk";
}

Status check_that_sources_answer(const std::vector<oci::Mount>& mounts, const std::string& container_id,
                                 std::chrono::milliseconds patience) {
  std::vector<oci::Mount> binds;
  for (const oci::Mount& mount : mounts)
    if (is_users(mount, container_id)) binds.push_back(mount);
  if (binds.empty()) return ok();
  if (!told_any_of(kServedMagics).value_or(true)) return ok();
  SHIM_TRY(const MountTable table, MountTable::read());
  std::vector<std::string> served;
  for (const MountEntry& entry : table.entries())
    if (may_not_answer(entry.filesystem)) served.push_back(entry.mount_point);
  if (served.empty()) return ok();

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("make", "pipe");
  const UniqueFd answers(ends[0]);
  UniqueFd theirs(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return errno_error("start", "child");
  if (child == 0) {
    constexpr int kOnly = 0;
    ::dup2(theirs.get(), kOnly);
    close_from(kOnly + 1);
    look_at_all(binds, served, kOnly);
  }
  theirs = UniqueFd();
  const std::size_t count = count_answers(answers, patience);
  ::kill(child, SIGKILL);
  if (count < binds.size()) return no_answer(binds[count], patience);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return ok();
}

}  // namespace runward::host

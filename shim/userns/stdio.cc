// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/stdio.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>

namespace runward::userns {

void give_stdio(std::uint64_t first) {
  for (const int fd : std::array{STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    struct stat status {};
    if (::fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode) || status.st_uid != 0) continue;
    // Where it can't be, the container has what it would have had.
    [[maybe_unused]] const int ignored = ::fchown(fd, static_cast<uid_t>(first), static_cast<gid_t>(first));
  }
}

}  // namespace runward::userns

// SPDX-License-Identifier: Apache-2.0
#include "shim/base/prefault.h"

#include <sys/mman.h>

#include <cerrno>

namespace runward {

void prefault(void* begin, std::size_t size) {
  constexpr int kPopulateWrite = 23;  // newer than the headers of Debian 12's libc
  const int saved_errno = errno;
  ::madvise(begin, size, kPopulateWrite);
  errno = saved_errno;
}

}  // namespace runward

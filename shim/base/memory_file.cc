// SPDX-License-Identifier: Apache-2.0
#include "shim/base/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim/base/file.h"

namespace runward {

Result<UniqueFd> memory_file(const char* name, std::string_view text) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return errno_error("memfd_create", name);
  SHIM_CHECK(write_all(fd.get(), text, name));
  constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return errno_error("seal", name);
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) return errno_error("seek", name);
  return fd;
}

Result<int> keep_over_exec(const UniqueFd& fd, int lowest) {
  const int kept = ::fcntl(fd.get(), F_DUPFD, lowest);
  if (kept < 0) return errno_error("duplicate", "descriptor " + std::to_string(lowest));
  return kept;
}

}  // namespace runward

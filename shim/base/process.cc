// SPDX-License-Identifier: Apache-2.0
#include "shim/base/process.h"

#include <sys/wait.h>

#include <cerrno>

namespace runward {

Result<int> exit_code_of(pid_t pid, const std::string& program) {
  constexpr int kBySignal = 128;
  int status = 0;
  pid_t waited = 0;
  do {
    waited = ::waitpid(pid, &status, 0);
  } while (waited < 0 && errno == EINTR);
  if (waited < 0) return errno_error("wait for", program);
  return WIFSIGNALED(status) ? kBySignal + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace runward

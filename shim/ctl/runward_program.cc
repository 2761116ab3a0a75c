// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/runward_program.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "shim/base/file.h"
#include "shim/ctl/table.h"

namespace runward::ctl {
namespace {

namespace fs = std::filesystem;

Status check_is_program(const fs::path& path) {
  constexpr mode_t kAnyoneMayExecute = S_IXUSR | S_IXGRP | S_IXOTH;
  SHIM_TRY(const UniqueFd fd, open_regular(AT_FDCWD, path));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error("stat", path.native());
  if ((status.st_mode & kAnyoneMayExecute) == 0)
    return make_error(ErrorKind::io, "'" + path.native() + "' is no executable file");
  if (const Status safe = check_only_root_writes(fd, path); !safe)
    complain(safe.error().message + ": whoever can replace it becomes root at the next container, continuing");
  return ok();
}

}  // namespace

Result<fs::path> find_runward(const Given& given, const std::string& root) {
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path() / "runward";
  if (const auto path = given.value("runtime-path")) program = *path;
  if (!program.is_absolute()) return make_error(ErrorKind::usage, "--runtime-path takes an absolute path");
  const fs::path file = fs::canonical(root + program.native(), error);
  if (error) return errno_error("open", root + program.native(), error.value());
  SHIM_CHECK(check_is_program(file));
  return program;
}

}  // namespace runward::ctl

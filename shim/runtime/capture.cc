// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/capture.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <utility>

#include "shim/base/file.h"
#include "shim/base/process.h"
#include "shim/base/unique_fd.h"

namespace runward::runtime {
namespace {

constexpr std::size_t kMaxOutputBytes = 1U << 20U;

struct Pipe {
  UniqueFd read_end, write_end;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("pipe", "stdout");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// posix_spawn(3)'s list of things to do in the child; it must be destroyed.
class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  // dup2 clears close-on-exec on the copy, also (glibc ≥ 2.29) when both numbers are the same.
  int stdout_to(const UniqueFd& fd) { return ::posix_spawn_file_actions_adddup2(&actions_, fd.get(), STDOUT_FILENO); }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// With its stdout to `output`, unless that is nullptr.
Result<pid_t> spawn(const std::string& program, const std::vector<std::string>& arguments, const UniqueFd* output) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};  // NOLINT: posix_spawn(3) does not write to them
  for (const std::string& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str()));  // NOLINT: as above
  argv.push_back(nullptr);
  FileActions actions;
  pid_t pid = -1;
  int failure = output == nullptr ? 0 : actions.stdout_to(*output);
  if (failure == 0) failure = ::posix_spawn(&pid, program.c_str(), actions.get(), nullptr, argv.data(), environ);
  if (failure != 0) return errno_error("execute", program, failure);
  return pid;
}

}  // namespace

Result<Captured> run_and_capture(const std::string& program, const std::vector<std::string>& arguments) {
  SHIM_TRY(Pipe pipe, make_pipe());
  SHIM_TRY(const pid_t pid, spawn(program, arguments, &pipe.write_end));
  pipe.write_end = UniqueFd();  // ours; else the end of the output never comes
  auto output = read_all(pipe.read_end, kMaxOutputBytes, program);
  pipe.read_end = UniqueFd();  // a child that still prints gets SIGPIPE and ends
  SHIM_TRY(const int exit_code, exit_code_of(pid, program));
  if (!output) return std::move(output).error();
  return Captured{*std::move(output), exit_code};
}

Result<int> run_to_end(const std::string& program, const std::vector<std::string>& arguments) {
  SHIM_TRY(const pid_t pid, spawn(program, arguments, nullptr));
  return exit_code_of(pid, program);
}

}  // namespace runward::runtime

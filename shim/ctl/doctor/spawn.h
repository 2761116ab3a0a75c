// SPDX-License-Identifier: Apache-2.0
#pragma once

// Other programs, on a short leash: argv and no shell, /dev/null for stdin, a time limit, bounded output, a process
// group of their own so that a ^C is ours to handle.
//
//   SHIM_TRY(const Ran ran, run_program({"docker", "version"}, 10s));

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/base/unique_fd.h"

namespace runward::ctl::doctor {

struct Ran {
  std::string output;
  std::string errors;
  int exit_code = 0;  // 128 + n when signal n ended it, as a shell says it
};

// While it lives, SIGINT, SIGTERM and SIGHUP do not end this process: they make the current program, and every later
// one that is given this object, end with an error. What was made can then be removed in order.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }
  bool seen();
  [[nodiscard]] int signal() const { return signal_; }  // 0: none was seen

 private:
  UniqueFd fd_;
  sigset_t before_{};
  int signal_ = 0;
};

// argv[0] is looked for in PATH's absolute folders. An error when it is not there, does not end in time, or is
// interrupted; it and its process group are then killed.
Result<Ran> run_program(const std::vector<std::string>& argv, std::chrono::milliseconds patience,
                        Interruption* interruption = nullptr);

// Where a program lies; an error when it is nowhere.
Result<std::string> find_program(const std::string& name);

}  // namespace runward::ctl::doctor

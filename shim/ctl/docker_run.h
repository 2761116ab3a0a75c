// SPDX-License-Identifier: Apache-2.0
#pragma once

// `docker run …`, for the commands that start a container by its user's own command line and watch it.

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shim/base/result.h"

namespace runward::ctl {

// `docker run …` as it is to be called, and the file that Docker writes the container's id to.
struct RecordedCall {
  std::vector<std::string> argv;
  std::string id_file;
  bool has_terminal = false;  // -t: the screen is the container's
};
// An error of kind usage when it is no `run`, or names a runtime itself. `id_file` is taken unless the call has one.
Result<RecordedCall> recorded_call(std::vector<std::string> argv, const std::string& runtime,
                                   const std::string& id_file);

// What Docker has written to that file; nothing until then.
std::optional<std::string> id_in(const std::string& id_file);

// "90", "90s", "5m", "2h"
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

// A child that has our terminal and our process group, so that ^C is its as it always was.
class DockerCall {
 public:
  static Result<DockerCall> start(const std::vector<std::string>& argv);

  // Its exit code once it has ended.
  std::optional<int> ended();

 private:
  pid_t pid_ = -1;
  std::optional<int> code_;
};

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which files a container opens, writes and executes, by fanotify(7) on its mounts. Only what processes outside of our
// own pid namespace do counts: the engine and the runtime open files of a container too.
//
//   SHIM_TRY(FileWatch watch, FileWatch::begin(init, mounts));
//   poll(watch.fd()), then watch.read_events(); in the end watch.files()
//
// Nothing on /dev is looked at: to tell about a file the kernel opens it for us, and opening a device does something.
// Nothing is taken out of the queue of other listeners; it ends with this object, or with the process.

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "profiles/recording.h"
#include "shim/base/result.h"
#include "shim/base/unique_fd.h"

namespace runward::profiles::record {

// A mount of the container, as its own mountinfo has it.
struct ContainerMount {
  std::string point;       // "/", "/data"
  std::string filesystem;  // "overlay"
};

class FileWatch {
 public:
  static Result<FileWatch> begin(pid_t init, const std::vector<ContainerMount>& mounts);

  [[nodiscard]] int fd() const { return group_.get(); }
  // `name_of_ended`: of a process that is gone, the name that it was started by, or nothing. Executables that are known
  // so stand in brackets in files().
  //
  // Takes what is in the queue, for so long at most: a container that opens files without end must not keep the
  // recorder from everything else. false: there may be more.
  using NameOfEnded = std::function<std::string(pid_t)>;
  bool read_events(std::chrono::milliseconds longest, const NameOfEnded& name_of_ended);

  // Before everything was read.
  void end(std::string_view why);

  [[nodiscard]] const Files& files() const { return files_; }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }
  [[nodiscard]] const std::vector<std::string>& gaps() const { return gaps_; }

 private:
  struct Process {
    bool is_containers = true;
    std::string executable;  // empty: it is gone already
  };

  FileWatch() = default;
  void mark(const ContainerMount& mount);
  void see(std::uint64_t mask, int file, pid_t pid, const NameOfEnded& name_of_ended);
  const Process& process_of(pid_t pid, const NameOfEnded& name_of_ended);
  [[nodiscard]] std::string path_of(int file) const;

  UniqueFd group_;
  UniqueFd root_;    // of the container
  UniqueFd mounts_;  // its mount namespace: held, so that a path is still one when the container has ended
  Files files_;
  std::uint64_t lost_ = 0;
  std::size_t bytes_ = 0;  // of names
  std::vector<std::string> gaps_;
  std::map<pid_t, Process> processes_;  // of one batch
  std::uint64_t own_namespace_ = 0;
  pid_t init_ = 0;
  bool init_runs_ = false;  // its own program; before, what it opens is the runtime's doing
};

// "/proc/17/task/18/stat" → "/proc/@{pid}/task/@{pid}/stat"
std::string without_pids(std::string_view path);

}  // namespace runward::profiles::record

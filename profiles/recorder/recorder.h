// SPDX-License-Identifier: Apache-2.0
#pragma once

// Records one container: puts what the watches see together into a Recording.
//
//   SHIM_TRY(Recorder recorder, Recorder::begin(subject, &EbpfCalls::begin));   // while its first process waits to be
//   started tell_runtime_to_go_on(); const Recording recording = recorder.run(stop_fd, on_progress);
//
// It only looks: a container goes on as before when its recorder ends, however that does.

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "profiles/recorder/call_source.h"
#include "profiles/recorder/file_watch.h"
#include "profiles/recorder/samples.h"
#include "profiles/recorder/upper.h"
#include "profiles/recorder/watch_programs.h"
#include "profiles/recording.h"
#include "shim/base/result.h"
#include "shim/base/unique_fd.h"

namespace runward::profiles::record {

// The container, as its runtime knows it.
struct Subject {
  pid_t init = 0;
  std::vector<ContainerMount> mounts;
  std::optional<WritableLayer> layer;  // nothing: it has none that can be looked at
  Recording known;                     // name, image, command, runtime: what no watch tells
};

// Begins to watch a container's calls.
using BeginCalls = std::function<Result<std::unique_ptr<CallSource>>(const PidNamespace& container)>;

struct Progress {
  std::size_t calls = 0;  // different ones
  std::size_t files = 0;
  std::chrono::milliseconds elapsed{0};
};

class Recorder {
 public:
  static Result<Recorder> begin(Subject subject, const BeginCalls& begin_calls);

  // Until the container ends, or `stop` can be read. on_progress is called about once a second.
  Recording run(int stop, const std::function<void(const Progress&)>& on_progress);

 private:
  Recorder(Subject subject, UniqueFd init, UniqueFd root, std::unique_ptr<CallSource> calls, FileWatch files);
  bool read_files(std::chrono::milliseconds longest);  // false: there may be more
  void read_last_files();
  void look_again(const std::function<void(const Progress&)>& on_progress);
  [[nodiscard]] std::chrono::milliseconds pause() const;
  Recording finish(bool has_ended);
  void name_executables(Files& files) const;
  void add_gaps(bool has_ended, Recording& recording) const;

  Subject subject_;
  UniqueFd init_;  // pidfd_open(2)
  UniqueFd root_;
  std::unique_ptr<CallSource> calls_;
  FileWatch files_;
  Sampler sampler_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace runward::profiles::record

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counts the system calls, and where the kernel tells the capabilities, of every process of a container.
//
//   SHIM_TRY(const CallWatch watch, CallWatch::begin(namespace_of(init)));   // before the container's program starts
//   …
//   const SeenCalls seen = watch.read();
//
// What is seen and what is not: watch_programs.h. It ends with this object, or with the process.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "profiles/recorder/watch_programs.h"
#include "profiles/recording.h"
#include "shim/base/result.h"
#include "shim/base/unique_fd.h"

namespace runward::profiles::record {

template <typename Key>
using Counted = std::vector<std::pair<Key, std::uint64_t>>;

struct SeenCalls {
  Counted<CallKey> calls;
  Counted<ArgumentKey> arguments;
  Counted<CapabilityKey> capabilities;
  Counted<UserKey> users;  // of processes that have ended
  Lost lost;
};

class CallWatch {
 public:
  static Result<CallWatch> begin(const PidNamespace& container);

  [[nodiscard]] SeenCalls read() const;
  [[nodiscard]] Counted<CallKey> read_calls() const;
  // The name that the executable of a process that has ended was started by; empty: it is not known.
  [[nodiscard]] std::string name_of_ended(pid_t pid) const;
  [[nodiscard]] bool sees_capabilities() const { return sees_capabilities_; }

 private:
  CallWatch() = default;
  Status make_maps();
  Status attach(const std::vector<bpf_insn>& code, const char* tracepoint);
  [[nodiscard]] Maps maps() const;
  [[nodiscard]] std::uint64_t counter(Counter which) const;

  UniqueFd tasks_, calls_, arguments_, capabilities_, users_, ended_, counters_;
  std::vector<UniqueFd> links_;
  bool sees_capabilities_ = false;
};

std::string_view text_of(const Comm& comm);

// uname(2)'s: "x86_64".
std::string machine();
std::string kernel_release();

}  // namespace runward::profiles::record

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a recorder learns of a container's system calls, whichever way this host offers: ebpf_calls.h, and where no
// eBPF program can be loaded audited_calls.h. To add one: 1. a class of this kind; 2. its name in Mechanisms
// (recording.h) and the schema; 3. where the choice is made (shim/recorder_main.cc).

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "profiles/recorder/executable_names.h"
#include "profiles/recording.h"

namespace runward::profiles::record {

struct CallProgress {
  std::size_t calls = 0;   // different ones
  bool has_begun = false;  // the container's own program runs
};

struct WatchedCalls {
  std::map<Phase, CallsByArchitecture> calls;
  std::map<Phase, Capabilities> capabilities;
  Lost lost;                      // without files
  std::set<User> users;           // the host's ids
  std::vector<std::string> gaps;  // what was not looked at, and why something was lost
};

class CallSource {
 public:
  CallSource() = default;
  CallSource(const CallSource&) = delete;
  CallSource& operator=(const CallSource&) = delete;
  virtual ~CallSource() = default;

  // Mechanisms::calls.
  [[nodiscard]] virtual std::string_view mechanism() const = 0;
  [[nodiscard]] virtual bool sees_capabilities() const = 0;
  // Readable when there is something for read(); -1: nothing ever is.
  [[nodiscard]] virtual int fd() const = 0;
  virtual void read() = 0;
  virtual CallProgress progress() = 0;
  // The name that the executable of a process that has ended was started by; empty: it is not known.
  virtual std::string name_of_ended(pid_t pid) = 0;
  // The container has ended, or nobody wants to know more.
  virtual WatchedCalls finish(ExecutableNames& names) = 0;
};

}  // namespace runward::profiles::record

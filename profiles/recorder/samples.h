// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a container has at one moment, and is gone when it ends: ports that it listens on, memory, processes, CPU time,
// ids. Looked at often while it is young and once a second later.

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "profiles/recording.h"
#include "shim/base/unique_fd.h"

namespace runward::profiles::record {

// Of /proc/<pid>/net/{tcp,tcp6,udp,udp6}: what listens, Docker's own name server (127.0.0.11) left out.
void add_ports(std::string_view text, std::string_view protocol, std::set<Port>& ports);

// A line "name value" of memory.stat and its like.
std::optional<std::uint64_t> stat_value(std::string_view text, std::string_view name);

// Of /proc/<pid>/uid_map: the id inside for one outside; nothing when it is not mapped.
std::optional<std::uint64_t> inside_id(std::string_view map, std::uint64_t outside);

// Of /proc/<pid>/status: whether it is number 1 of its own pid namespace, the innermost one.
bool is_first_process(std::string_view status);

class Sampler {
 public:
  explicit Sampler(pid_t init);

  void sample();
  // The cgroup's own record of peaks, where the kernel keeps one.
  void finish();
  [[nodiscard]] const Peaks& peaks() const { return peaks_; }
  [[nodiscard]] const std::set<Port>& ports() const { return ports_; }
  // The host's ids of the processes that are in the cgroup now, and of these ids the container's.
  [[nodiscard]] std::set<User> running_users() const;
  [[nodiscard]] std::set<User> inside(const std::set<User>& outside) const;
  [[nodiscard]] bool sees_ports() const { return sees_ports_; }
  [[nodiscard]] bool was_looked_at() const { return was_looked_at_; }
  [[nodiscard]] bool sees_peaks() const { return !memory_.empty(); }

 private:
  void sample_memory();
  void sample_pids();
  void sample_cpu();
  [[nodiscard]] std::uint64_t cpu_used() const;
  void sample_ports();

  std::string process_;  // /proc/<init>
  bool unified_ = false;
  std::string memory_, pids_, cpu_;  // folders of its cgroup; empty: there is none
  bool sees_ports_ = false;
  bool was_looked_at_ = false;
  std::string uid_map_, gid_map_;
  Peaks peaks_;
  std::set<Port> ports_;
  std::optional<std::uint64_t> cpu_before_;
  std::uint64_t cpu_begin_ = 0;
  std::chrono::steady_clock::time_point cpu_time_before_;
};

}  // namespace runward::profiles::record

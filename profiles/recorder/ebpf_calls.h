// SPDX-License-Identifier: Apache-2.0
#pragma once

// A container's calls, capabilities and arguments as eBPF programs count them in the kernel (call_watch.h).

#include <memory>

#include "profiles/recorder/call_source.h"
#include "profiles/recorder/call_watch.h"
#include "shim/base/result.h"

namespace runward::profiles::record {

class EbpfCalls final : public CallSource {
 public:
  // While the container's first process waits to be started.
  static Result<std::unique_ptr<CallSource>> begin(const PidNamespace& container);
  // Whether this host lets it be done at all.
  static Status try_out();

  explicit EbpfCalls(CallWatch watch) : watch_(std::move(watch)) {}
  [[nodiscard]] std::string_view mechanism() const override { return "ebpf"; }
  [[nodiscard]] bool sees_capabilities() const override { return watch_.sees_capabilities(); }
  [[nodiscard]] int fd() const override { return -1; }
  void read() override {}
  CallProgress progress() override;
  std::string name_of_ended(pid_t pid) override { return watch_.name_of_ended(pid); }
  WatchedCalls finish(ExecutableNames& names) override;

 private:
  CallWatch watch_;
};

}  // namespace runward::profiles::record

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A container's calls as the kernel's audit tells of them, where no eBPF program can be loaded: its filter has what it
// allows logged (seccomp::log_allowed), and this listens. What that does not tell: call_log.h.
//
//   SHIM_TRY(auto calls, AuditedCalls::begin(find_session, "bpf(2) is not permitted"));   // before the program starts

#include <memory>
#include <string>

#include "profiles/audit/listener.h"
#include "profiles/recorder/call_log.h"
#include "profiles/recorder/call_source.h"
#include "shim/base/result.h"

namespace runward::profiles::record {

class AuditedCalls final : public CallSource {
 public:
  // `why` not otherwise. An error says what keeps this host's audit from being heard, and what to change.
  static Result<std::unique_ptr<CallSource>> begin(FindSession find, std::string why);
  // Whether this host lets it be done at all.
  static Status try_out();

  AuditedCalls(audit::Listener listener, FindSession find, std::string why);
  [[nodiscard]] std::string_view mechanism() const override { return "audit"; }
  [[nodiscard]] bool sees_capabilities() const override { return false; }
  [[nodiscard]] int fd() const override { return listener_.fd(); }
  void read() override { take(listener_.read()); }
  CallProgress progress() override { return {.calls = log_.distinct(), .has_begun = log_.has_begun()}; }
  std::string name_of_ended(pid_t pid) override;
  WatchedCalls finish(ExecutableNames& names) override;

 private:
  void take(const audit::Batch& batch);
  void read_all();

  audit::Listener listener_;
  CallLog log_;
  std::string why_;
  std::optional<std::uint32_t> lost_before_;
  std::uint64_t overruns_ = 0;
  std::uint64_t unreadable_ = 0;
};

}  // namespace runward::profiles::record

// SPDX-License-Identifier: Apache-2.0
#include "profiles/recorder/audited_calls.h"

#include <fcntl.h>
#include <sched.h>

#include <sstream>
#include <utility>

#include "shim/base/file.h"
#include "shim/base/unique_fd.h"

namespace runward::profiles::record {
namespace {

constexpr auto kLoggedActions = "/proc/sys/kernel/seccomp/actions_logged";

// Else one would wait ten seconds for a record that never comes.
Status check_logged_actions() {
  constexpr std::size_t kMost = 4096;
  SHIM_TRY(const std::string text, read_file(kLoggedActions, kMost));
  std::istringstream words(text);
  for (std::string word; words >> word;)
    if (word == "log") return ok();
  return make_error(ErrorKind::unsupported,
                    "'log' is not among the actions that this host logs: write them and it to '" +
                        std::string(kLoggedActions) + "' (sysctl kernel.seccomp.actions_logged)");
}

// The audit speaks to the host's network namespace, and an engine, whose child we are, may be in another one. kthreadd
// never leaves it. Nothing else of ours depends on it; where this fails nothing is heard, which is told then.
void join_hosts_network() {
  const UniqueFd network(::open("/proc/2/ns/net", O_RDONLY | O_CLOEXEC));
  if (network) ::setns(network.get(), CLONE_NEWNET);
}

// Everything that was logged before is another's, or the runtime's of before `start`.
Result<audit::Listener> open_listener() {
  SHIM_CHECK(check_logged_actions());
  SHIM_CHECK(audit::check_that_losses_are_told());
  join_hosts_network();
  SHIM_TRY(audit::Listener listener, audit::Listener::open());
  SHIM_CHECK(audit::read_up_to_now(listener, [](const audit::Batch&) {}));
  return listener;
}

}  // namespace

Status AuditedCalls::try_out() {
  const auto listener = open_listener();
  return listener ? ok() : Status(listener.error());
}

Result<std::unique_ptr<CallSource>> AuditedCalls::begin(FindSession find, std::string why) {
  SHIM_TRY(audit::Listener listener, open_listener());
  return std::unique_ptr<CallSource>(
      std::make_unique<AuditedCalls>(std::move(listener), std::move(find), std::move(why)));
}

AuditedCalls::AuditedCalls(audit::Listener listener, FindSession find, std::string why)
    : listener_(std::move(listener)),
      log_(std::move(find)),
      why_(std::move(why)),
      lost_before_(audit::lost_records()) {}

void AuditedCalls::take(const audit::Batch& batch) {
  if (batch.lost) ++overruns_;
  unreadable_ += batch.unreadable;
  for (const audit::Record& record : batch.records) log_.take(record);
}

// Of its last call the record may be on its way still.
std::string AuditedCalls::name_of_ended(pid_t pid) {
  if (log_.name_of(pid).empty()) read();
  return log_.name_of(pid);
}

// So that there is room for more.
void AuditedCalls::read_all() {
  constexpr int kMostBatches = 100;
  for (int i = 0; i < kMostBatches; ++i) {
    const audit::Batch batch = listener_.read();
    take(batch);
    if (batch.records.empty() && !batch.lost) return;
  }
}

WatchedCalls AuditedCalls::finish(ExecutableNames& names) {
  WatchedCalls watched;
  read_all();
  const Status heard = audit::read_up_to_now(listener_, [this](const audit::Batch& batch) { take(batch); });
  watched.calls = log_.calls(names);
  watched.users = log_.users();
  watched.lost = log_.lost();
  watched.gaps.push_back("system calls were recorded by the kernel's audit, as " + why_);
  watched.gaps.emplace_back(
      "the audit tells no arguments of system calls, nor when a container is told to end: calls "
      "of that time are the application's");
  watched.gaps.emplace_back("capabilities were not looked at: that takes eBPF");
  if (overruns_ != 0) watched.gaps.emplace_back("records of calls came faster than they were read, and some were lost");
  if (unreadable_ != 0)
    watched.gaps.push_back(std::to_string(unreadable_) + " records of the audit can't be read, and may be of calls");
  const auto lost_after = audit::lost_records();
  // Both are known, or neither: else somebody has changed the audit meanwhile.
  const bool is_told = lost_before_ ? lost_after && *lost_after >= *lost_before_ : !lost_after;
  const std::uint32_t lost = is_told && lost_before_ ? *lost_after - *lost_before_ : 0;
  if (!is_told)
    watched.gaps.emplace_back(
        "how many records the kernel's audit has lost can't be told: it was set up anew meanwhile");
  if (lost != 0)
    watched.gaps.push_back("the kernel's audit has lost " + std::to_string(lost) +
                           " records, perhaps of calls: its rate limit (auditctl -r 0) or its backlog (auditctl -b)");
  if (!heard) watched.gaps.push_back("the last records were not heard: " + heard.error().message);
  watched.lost.calls += overruns_ + unreadable_ + lost + (heard ? 0 : 1) + (is_told ? 0 : 1);
  return watched;
}

}  // namespace runward::profiles::record

// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "shim/audited_recording.h"
#include "shim/base/file.h"
#include "shim/base/memory_file.h"
#include "shim/decide.h"
#include "shim/host/probe.h"
#include "shim/host/running.h"
#include "shim/load_apparmor.h"
#include "shim/oci/parse.h"
#include "shim/oci/print.h"
#include "shim/running_container.h"
#include "shim/runtime/exec_document.h"
#include "shim/userns/refresh.h"
#include "shim/userns/stdio.h"
#include "shim/verification.h"

namespace runward {
namespace {

Result<oci::Value> read_own_process(const std::string& bundle) {
  SHIM_TRY(const UniqueFd directory, open_directory(bundle));
  SHIM_TRY(const UniqueFd fd, open_regular(directory.get(), kDocument));
  SHIM_TRY(const std::string text, read_all(fd, oci::ParseLimits().max_bytes, kDocument));
  SHIM_TRY(oci::Value spec, parse_document(text, kDocument, oci::Document::spec));
  return spec.value("process", oci::Value::object());
}

// The engine's file is read once, through one descriptor: what is hardened is what runs.
Result<oci::Value> read_process(const runtime::Invocation& call, const state::Decision& decision) {
  const std::string path(runtime::option_value(call, "process").value_or(""));
  if (path.empty()) {
    SHIM_TRY(oci::Value own, read_own_process(decision.bundle));
    return runtime::process_from_flags(call, std::move(own));
  }
  SHIM_TRY(const UniqueFd fd, open_regular(AT_FDCWD, path));
  SHIM_TRY(const std::string text, read_all(fd, oci::ParseLimits().max_bytes, path));
  return parse_document(text, path, oci::Document::process);
}

// Above the descriptors that the container gets (--preserve-fds; sd_listen_fds(3)): the runtime closes all others.
int lowest_free(const runtime::Invocation& call) {
  constexpr unsigned kStandard = 3;
  constexpr unsigned kMost = 1U << 16U;
  unsigned listen = 0;
  if (const char* const text = std::getenv("LISTEN_FDS")) {
    const std::string_view number(text);
    std::from_chars(number.data(), number.data() + number.size(), listen);
  }
  return static_cast<int>(kStandard + std::min(call.preserve_fds, kMost) + std::min(listen, kMost));
}

Result<oci::Value> hardened_process(const runtime::Invocation& call, const RunningContainer& container,
                                    EventWriter& event) {
  SHIM_TRY(oci::Value process, read_process(call, container.decision));
  const host::HostFacts facts = host::probe_process(call.root);
  const oci::Process first(container.decision.process);
  const harden::Context context{.policy = container.policy,
                                .host = facts,
                                .call = {.exec_cgroup = runtime::option_value(call, "cgroup").has_value()},
                                .seccomp_baseline = nullptr,
                                .first = &first};
  SHIM_TRY(const harden::Report report, harden::harden(oci::Document::process, process, context));
  SHIM_CHECK(settle(report, container.policy, event));
  return process;
}

void enter_users(const state::Decision& decision, const state::KeptUsers& users) {
  userns::give_stdio(users.first);
  const auto pid = host::first_process_of(decision.pid_file, decision.runtime_root, decision.container);
  if (pid) userns::refresh_rootfs(*pid);
}

// Who enters a container that a profile is tried out with is part of the trial, and nobody enters it later.
Status join_verification(const runtime::Invocation& call, const std::string& program) {
  if (!is_verified(program)) return ok();
  SHIM_TRY(const Grant grant, find_grant(call.container_id));
  begin_session(grant);
  return ok();
}

}  // namespace

Error govern_exec(const runtime::Invocation& call, const Argv& argv, const policy::Config& config) {
  return govern_running(call, argv, config, [&](const RunningContainer& container, EventWriter& event) -> Result<Argv> {
    SHIM_CHECK(join_verification(call, argv[0]));
    SHIM_CHECK(join_audited_recording(container.decision.container));
    SHIM_TRY(const oci::Value process, hardened_process(call, container, event));
    SHIM_CHECK(load_apparmor_profile(oci::Process(process)));  // somebody may have removed it meanwhile
    if (const auto& users = container.decision.users) enter_users(container.decision, *users);
    SHIM_TRY(const UniqueFd file, memory_file("runward-process", oci::print(process)));
    SHIM_TRY(const int number, keep_over_exec(file, lowest_free(call)));
    return runtime::with_process(call, argv, "/proc/self/fd/" + std::to_string(number));
  });
}

}  // namespace runward

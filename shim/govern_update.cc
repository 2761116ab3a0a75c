// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include "shim/base/file.h"
#include "shim/base/memory_file.h"
#include "shim/decide.h"
#include "shim/host/probe.h"
#include "shim/host/running.h"
#include "shim/oci/parse.h"
#include "shim/oci/print.h"
#include "shim/running_container.h"
#include "shim/runtime/update_document.h"

namespace runward {
namespace {

Result<std::string> read_resources_file(const std::string& path) {
  constexpr std::size_t kMost = std::size_t{1} << 20U;
  if (path == "-") {
    const UniqueFd input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!input) return errno_error("duplicate", "stdin");
    return read_all(input, kMost, "stdin");
  }
  SHIM_TRY(const UniqueFd fd, open_regular(AT_FDCWD, path));
  return read_all(fd, kMost, path);
}

Result<oci::Value> read_resources(const runtime::Invocation& call) {
  const auto path = runtime::resources_file(call);
  oci::Value document;
  if (path) {
    SHIM_TRY(const std::string text, read_resources_file(*path));
    return parse_document(text, "resources", oci::Document::resources);
  }
  SHIM_TRY(document, runtime::resources_from_flags(call));
  SHIM_CHECK(check_document(document, "resources", oci::Document::resources));
  return document;
}

Result<oci::Value> hardened_resources(const runtime::Invocation& call, const RunningContainer& container,
                                      EventWriter& event) {
  const state::Decision& decision = container.decision;
  SHIM_TRY(oci::Value resources, read_resources(call));
  runtime::drop_nulls(resources);
  const auto pid = host::first_process_of(decision.pid_file, decision.runtime_root, decision.container);
  SHIM_TRY(const host::HostFacts facts,
           host::probe_resources(oci::LinuxResources(resources), container.policy, call.root, pid));
  const harden::Context context{.policy = container.policy,
                                .host = facts,
                                .call = {.update = true},
                                .seccomp_baseline = nullptr,
                                .first = nullptr};
  SHIM_TRY(const harden::Report report, harden::harden(oci::Document::resources, resources, context));
  SHIM_CHECK(settle(report, container.policy, event));
  return resources;
}

}  // namespace

Error govern_update(const runtime::Invocation& call, const Argv& argv, const policy::Config& config) {
  return govern_running(call, argv, config, [&](const RunningContainer& container, EventWriter& event) -> Result<Argv> {
    SHIM_TRY(const oci::Value resources, hardened_resources(call, container, event));
    SHIM_TRY(const UniqueFd file, memory_file("runward-resources", oci::print(resources)));
    if (::dup2(file.get(), STDIN_FILENO) < 0) return errno_error("duplicate", "stdin");
    return runtime::with_resources_on_stdin(call, argv);
  });
}

}  // namespace runward

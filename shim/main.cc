// SPDX-License-Identifier: Apache-2.0

// runward: the OCI runtime that an engine calls in place of runc. See runward(8).

#include <exception>
#include <string>
#include <vector>

#include "runward_build_info.h"
#include "shim/decide.h"
#include "shim/govern.h"
#include "shim/host/running.h"
#include "shim/policy/store.h"
#include "shim/runtime/command_line.h"
#include "shim/runtime/describe.h"
#include "shim/runtime/log_file.h"
#include "shim/runtime/low_level.h"
#include "shim/state/decisions.h"

namespace runward {
namespace {

// Calls that are not governed (kill, delete, state …) must work under a broken policy too, or nobody could stop a
// container: they then go to runc.
std::string configured_runtime() {
  const auto config = policy::load_config(build_info::kConfigDir);
  return config ? config->runtime : policy::Config().runtime;
}

// The decision goes with its container. A delete without --force is refused by the runtime while the container runs.
void forget(const runtime::Invocation& call) {
  if (!runtime::is_valid_container_id(call.container_id)) return;
  const state::Decisions decisions(build_info::kStateDir);
  const auto decision = decisions.find(call.root, call.container_id);
  const bool is_forced = runtime::option_value(call, "force") == "true";
  const auto still_runs = [&] {
    return decision && *decision &&
           host::first_process_of((*decision)->pid_file, (*decision)->runtime_root, call.container_id);
  };
  if (is_forced || !still_runs()) decisions.forget(call.root, call.container_id);
  decisions.sweep(call.root);
}

Result<int> pass_on(const runtime::Invocation& call, const std::vector<std::string>& argv) {
  SHIM_TRY(const runtime::LowLevel low_level, runtime::find_low_level(configured_runtime(), search_path()));
  if (call.command == runtime::Command::version) return runtime::print_version(low_level);
  if (call.command == runtime::Command::features) return runtime::print_features(low_level);
  if (call.command == runtime::Command::remove) forget(call);
  return runtime::exec_low_level(low_level, argv);
}

Result<int> run(const std::vector<std::string>& argv) {
  SHIM_TRY(const runtime::Invocation call, runtime::parse_command_line(argv));
  if (runtime::is_governed(call.command)) return govern(call, argv);
  return pass_on(call, argv);
}

}  // namespace
}  // namespace runward

int main(int argc, char** argv) {
  using namespace runward;
  runtime::LogTarget log;
  try {
    const std::vector<std::string> arguments(argv, argv + argc);
    log = runtime::find_log(arguments);
    const Result<int> status = run(arguments);
    if (status) return *status;
    runtime::report_error(log, status.error().message);
  } catch (const std::exception& error) {
    runtime::report_error(log, std::string("bug: ") + error.what());
  } catch (...) {
    runtime::report_error(log, "bug: unknown exception");
  }
  return 1;
}

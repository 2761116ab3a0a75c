// SPDX-License-Identifier: Apache-2.0

// runward: the OCI runtime that an engine calls in place of runc. See runward(8).

#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "runward_build_info.h"
#include "shim/govern.h"
#include "shim/policy/store.h"
#include "shim/runtime/command_line.h"
#include "shim/runtime/describe.h"
#include "shim/runtime/log_file.h"
#include "shim/runtime/low_level.h"

namespace runward {
namespace {

// Calls that are not governed (kill, delete, state …) must work under a broken policy too, or nobody could stop a
// container: they then go to runc.
std::string configured_runtime() {
  const auto config = policy::load_config(build_info::kConfigDir);
  return config ? config->runtime : policy::Config().runtime;
}

Result<int> pass_on(const runtime::Invocation& call, const std::vector<std::string>& argv) {
  const char* const path = std::getenv("PATH");
  SHIM_TRY(const runtime::LowLevel low_level,
           runtime::find_low_level(configured_runtime(), path == nullptr ? "" : path));
  if (call.command == runtime::Command::version) return runtime::print_version(low_level);
  if (call.command == runtime::Command::features) return runtime::print_features(low_level);
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

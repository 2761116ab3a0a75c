// SPDX-License-Identifier: Apache-2.0

// runward: the OCI runtime that an engine calls in place of runc. See runward(8).

#include <exception>
#include <string>
#include <vector>

#include "runward_build_info.h"
#include "shim/audited_recording.h"
#include "shim/decide.h"
#include "shim/govern.h"
#include "shim/host/running.h"
#include "shim/policy/store.h"
#include "shim/refresh_before_reload.h"
#include "shim/runtime/capture.h"
#include "shim/runtime/command_line.h"
#include "shim/runtime/describe.h"
#include "shim/runtime/log_file.h"
#include "shim/runtime/low_level.h"
#include "shim/start_recorder.h"
#include "shim/state/decisions.h"
#include "shim/userns/staging_folder.h"
#include "shim/verification.h"

namespace runward {
namespace {

// Calls that are not governed (kill, delete, state …) must work under a broken policy too, or nobody could stop a
// container: they then go to runc.
policy::Config config_or_defaults() {
  auto config = policy::load_config(build_info::kConfigDir);
  return config ? *std::move(config) : policy::Config();
}

// What was kept for a container that is gone: its decision, its host ids, the folder that stood for its root
// filesystem.
class Leftovers {
 public:
  Leftovers(const runtime::Invocation& call, const policy::IdPool& pool)
      : owner_{.runtime_root = state::resolved_root(call.root), .container = call.container_id},
        decisions_(build_info::kStateDir),
        ranges_(build_info::kStateDir, pool) {
    const auto found = decisions_.find(owner_.runtime_root, owner_.container);
    if (found) decision_ = *found;
  }

  [[nodiscard]] bool container_runs() const {
    return decision_ && host::first_process_of(decision_->pid_file, decision_->runtime_root, owner_.container);
  }

  void forget() const {
    userns::remove_staging_folder(userns::staging_folder(build_info::kStateDir, owner_));
    if (!decision_) {
      ranges_.collect();  // a create that was killed may have taken ids, and not have kept its decision
    } else if (const auto& users = decision_->users) {
      ranges_.give_back({.pool = users->pool, .number = users->number, .holder = users->holder});
    }
    decisions_.forget(owner_.runtime_root, owner_.container);
  }

  // Of other containers, whose deletes never came.
  void sweep() const {
    if (!decisions_.sweep(owner_.runtime_root)) return;
    ranges_.collect();
    userns::sweep_staging_folders(build_info::kStateDir, owner_.runtime_root);
  }

 private:
  userns::Owner owner_;
  state::Decisions decisions_;
  userns::Ranges ranges_;
  std::optional<state::Decision> decision_;
};

// Without --force the runtime refuses while the container runs. With it, its ids are free only when it is gone.
Result<int> remove(const runtime::Invocation& call, const runtime::LowLevel& low_level,
                   const std::vector<std::string>& argv, const policy::IdPool& pool) {
  if (!runtime::is_valid_container_id(call.container_id)) return runtime::exec_low_level(low_level, argv);
  const Leftovers leftovers(call, pool);
  const bool is_forced = runtime::option_value(call, "force") == "true";
  if (is_forced) {
    SHIM_TRY(const int status, runtime::run_to_end(low_level.path, {argv.begin() + 1, argv.end()}));
    if (is_recorded(argv[0])) {
      wait_for_recorder(call);
      if (status == 0) forget_audited_recording(call.container_id);
    }
    if (status == 0) leftovers.forget();
    leftovers.sweep();
    return status;
  }
  if (leftovers.container_runs()) return runtime::exec_low_level(low_level, argv);
  if (is_recorded(argv[0])) {
    wait_for_recorder(call);
    forget_audited_recording(call.container_id);
  }
  leftovers.forget();
  leftovers.sweep();
  return runtime::exec_low_level(low_level, argv);
}

Result<int> pass_on(const runtime::Invocation& call, const std::vector<std::string>& argv) {
  const policy::Config config = config_or_defaults();
  SHIM_TRY(const runtime::LowLevel low_level, runtime::find_low_level(config.runtime, search_path()));
  if (call.command == runtime::Command::version) return runtime::print_version(low_level);
  if (call.command == runtime::Command::features) return runtime::print_features(low_level);
  if (call.command == runtime::Command::start && is_recorded(argv[0])) SHIM_CHECK(start_recorder(call));
  if (call.command == runtime::Command::kill) refresh_before_reload(call);
  if (call.command == runtime::Command::remove) return remove(call, low_level, argv, config.id_pool);
  return runtime::exec_low_level(low_level, argv);
}

Result<int> run(const std::vector<std::string>& argv) {
  SHIM_TRY(const runtime::Invocation call, runtime::parse_command_line(argv));
  if (call.command == runtime::Command::run && is_recorded(argv[0]))
    return make_error(ErrorKind::unsupported, "what is started by 'run' (a build's step) can't be recorded");
  if (call.command == runtime::Command::run && is_verified(argv[0]))
    return make_error(ErrorKind::unsupported, "no profile can be tried out with what is started by 'run'");
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

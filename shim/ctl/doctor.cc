// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/doctor.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "runward_build_info.h"
#include "shim/ctl/doctor/docker.h"
#include "shim/ctl/doctor/facts.h"
#include "shim/ctl/doctor/probes.h"
#include "shim/ctl/doctor/ways.h"
#include "shim/ctl/table.h"
#include "shim/policy/select.h"
#include "shim/policy/store.h"
#include "shim/userns/ranges.h"

namespace runward::ctl {
namespace {

using doctor::Facts;
using doctor::Level;

// runward under its own name rather than in the place of another.
std::string runtime_to_try(const std::vector<doctor::EngineFacts>& engines) {
  std::string name;
  for (const doctor::EngineFacts& engine : engines) {
    if (engine.engine != doctor::Engine::docker) continue;
    for (const doctor::RegisteredRuntime& runtime : engine.runward)
      if (runtime.usable && (name.empty() || runtime.name == "runward")) name = runtime.name;
  }
  return name;
}

// What engines call is the path; its last part selects the profile.
std::string called_name(const std::vector<doctor::EngineFacts>& engines, const std::string& runtime) {
  for (const doctor::EngineFacts& engine : engines)
    for (const doctor::RegisteredRuntime& one : engine.runward)
      if (one.name == runtime) return std::filesystem::path(one.path).filename();
  return "runward";
}

Result<policy::Policy> policy_for(const std::string& config_dir, const policy::Config& config,
                                  const std::string& runtime_name) {
  policy::SelectionInput input;
  input.runtime_name = runtime_name;
  input.engine_namespace = "moby";
  SHIM_TRY(const policy::Choice choice, policy::select_profile(config.selection, input));
  return policy::load_policy(config_dir, choice.profile, config);
}

Facts look_at_host(const std::string& config_dir, const policy::Config& config,
                   const std::optional<doctor::Docker>& docker) {
  const doctor::Docker anywhere = docker.value_or(doctor::Docker());
  Facts facts;
  facts.is_root = ::geteuid() == 0;
  facts.kernel = doctor::probe_kernel(anywhere.data_root(), config.id_pool);
  facts.id_pool = config.id_pool;
  facts.ranges_taken = userns::Ranges(build_info::kStateDir, config.id_pool).taken();
  facts.ids_in_use = doctor::probe_ids();
  facts.program = doctor::probe_program();
  const std::string ours = facts.program.usable ? facts.program.path : "/proc/self/exe";
  facts.runtime = doctor::probe_runtime(config.runtime, anywhere.path_variable(), ours);
  facts.engines = doctor::probe_engines(docker, ours);
  facts.configuration = check_config(config_dir, std::nullopt);
  facts.configuration_files = doctor::probe_configuration_files(config_dir);
  facts.apparmor_wishes = doctor::probe_apparmor_wishes(config_dir, config);
  facts.events = doctor::probe_events(config.events);
  return facts;
}

doctor::WaysFacts go_ways(const Given& given, const policy::Config& config, const std::optional<doctor::Docker>& docker,
                          const Facts& facts, doctor::Interruption& interruption) {
  doctor::WaysFacts none;
  none.problem = "there is no Docker on this host";
  if (!docker) return none;
  const std::string runtime = runtime_to_try(facts.engines);
  auto policy = policy_for(config_dir(given), config, called_name(facts.engines, runtime));
  if (!policy) {
    none.problem = policy.error().message;
    return none;
  }
  return doctor::try_ways(
      {.docker = *docker, .runtime = runtime, .policy = *std::move(policy), .image = given.value("image")},
      interruption);
}

std::string text_at(const oci::Value& line, const char* key) { return line.at(key).get<std::string>(); }

std::string to_table(const oci::Value& result) {
  Table table{.header = {"LEVEL", "CHECK", "WHAT IT SAYS"}, .rows = {}, .widest = 90};
  for (const oci::Value& line : result.at("lines")) {
    const std::string subject = text_at(line, "subject");
    std::string says = (subject.empty() ? "" : subject + ": ") + text_at(line, "reason");
    if (const std::string mend = text_at(line, "mend"); !mend.empty()) says += "\n→ " + mend;
    table.rows.push_back({text_at(line, "level"), text_at(line, "title"), says});
  }
  return render(table);
}

}  // namespace

oci::Value examination(const Facts& facts) {
  Level worst = Level::ok;
  oci::Value lines = oci::Value::array();
  for (const doctor::Check& check : doctor::checks())
    for (const doctor::Line& line : check.judge(facts)) {
      worst = std::max(worst, line.level);
      lines.push_back({{"check", check.id},
                       {"title", check.title},
                       {"level", doctor::word(line.level)},
                       {"subject", printable(line.subject)},
                       {"reason", printable(line.reason)},
                       {"mend", printable(line.mend)}});
    }
  return {{"version", build_info::kVersion}, {"worst", doctor::word(worst)}, {"lines", lines}};
}

int exit_code_of(const oci::Value& examination) {
  const std::string worst = text_at(examination, "worst");
  if (worst == doctor::word(Level::fail)) return kExitFail;
  return worst == doctor::word(Level::warning) ? kExitWarning : kExitOk;
}

Result<int> run_doctor(const Given& given) {
  if (given.has("image") && !given.has("try")) return make_error(ErrorKind::usage, "--image goes with --try");
  // A broken configuration is a finding, and the rest is looked at under the built-in one.
  const auto read = policy::load_config(config_dir(given));
  const policy::Config config = read ? *read : policy::Config();
  const auto docker = doctor::find_docker(given.value("host"));
  Facts facts = look_at_host(config_dir(given), config, docker);
  if (given.has("try")) {
    doctor::Interruption interruption;
    facts.ways = go_ways(given, config, docker, facts, interruption);
    if (interruption.seen()) {
      complain("interrupted; what it made is removed");
      return 128 + interruption.signal();  // as a shell says it
    }
  }
  const oci::Value result = examination(facts);
  if (given.has("json")) {
    print(result.dump(2, ' ', false, oci::Value::error_handler_t::replace) + "\n");
  } else {
    print(to_table(result));
  }
  return exit_code_of(result);
}

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/profile_check.h"

#include <string>

#include "profiles/generator/check.h"
#include "profiles/generator/lint.h"
#include "shim/ctl/profile_folder.h"
#include "shim/ctl/table.h"

namespace runward::ctl {

Result<int> run_profile_check(const Given& given) {
  if (given.arguments().empty()) return make_error(ErrorKind::usage, "the profile is missing");
  SHIM_TRY(const profiles::ProfileFolder profile, load_profile_folder(config_dir(given), given.arguments()[0]));
  profiles::Collection recordings = profile.recordings;
  if (given.has("recording")) {
    SHIM_TRY(recordings, read_recordings(given.values("recording")));
  }
  if (recordings.empty())
    return make_error(ErrorKind::usage, "the profile keeps no recordings: give some by --recording");
  SHIM_TRY(const profiles::Parent parent, load_parent(config_dir(given), "default"));
  SHIM_TRY(const profiles::Verdicts verdicts, profiles::check(profile, recordings, parent));
  for (const std::string& note : verdicts.notes) print("note   " + printable(note) + "\n");
  for (const std::string& failure : verdicts.failures) print("wrong  " + printable(failure) + "\n");
  print(std::to_string(verdicts.calls) + " calls, " + std::to_string(verdicts.paths) + " paths and " +
        std::to_string(verdicts.attacks) + " attacks: " +
        (verdicts.failures.empty() ? "as they should be" : std::to_string(verdicts.failures.size()) + " wrong") + "\n");
  return verdicts.failures.empty() ? kExitOk : kExitProblem;
}

Result<int> run_profile_lint(const Given& given) {
  if (given.arguments().empty()) return make_error(ErrorKind::usage, "the profile is missing");
  SHIM_TRY(const profiles::ProfileFolder profile, load_profile_folder(config_dir(given), given.arguments()[0]));
  bool has_risk = false;
  for (const profiles::Lint& lint : profiles::lint(profile, machine_architecture())) {
    const bool is_risk = lint.grade == profiles::Lint::Grade::risk;
    has_risk = has_risk || is_risk;
    print((is_risk ? "risk   " : "spare  ") + printable(lint.what) + "\n");
  }
  return has_risk ? kExitProblem : kExitOk;
}

}  // namespace runward::ctl

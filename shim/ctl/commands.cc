// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "runward_build_info.h"
#include "shim/ctl/apparmor.h"
#include "shim/ctl/check_config.h"
#include "shim/ctl/command.h"
#include "shim/ctl/denials.h"
#include "shim/ctl/doctor.h"
#include "shim/ctl/events.h"
#include "shim/ctl/explain.h"
#include "shim/ctl/install.h"
#include "shim/ctl/lockdown.h"
#include "shim/ctl/profile_calibrate.h"
#include "shim/ctl/profile_check.h"
#include "shim/ctl/profile_compare.h"
#include "shim/ctl/profile_generate.h"
#include "shim/ctl/profile_install.h"
#include "shim/ctl/profile_record.h"
#include "shim/ctl/profile_verify.h"
#include "shim/ctl/ps.h"
#include "shim/ctl/rules.h"
#include "shim/ctl/seccomp.h"
#include "shim/ctl/uninstall.h"

namespace runward::ctl {
namespace {

constexpr std::array kCommands = {kRulesCommand,
                                  kCheckConfigCommand,
                                  kDoctorCommand,
                                  kExplainCommand,
                                  kPsCommand,
                                  kEventsCommand,
                                  kDenialsCommand,
                                  kInstallCommand,
                                  kUninstallCommand,
                                  kLockdownCommand,
                                  kSeccompCommand,
                                  kAppArmorCommand,
                                  kProfileRecordCommand,
                                  kProfileCalibrateCommand,
                                  kProfileGenerateCommand,
                                  kProfileMergeCommand,
                                  kProfileDiffCommand,
                                  kProfileExplainCommand,
                                  kProfileLintCommand,
                                  kProfileCheckCommand,
                                  kProfileVerifyCommand,
                                  kProfileInstallCommand,
                                  kProfileRemoveCommand,
                                  kProfileListCommand};

}  // namespace

std::span<const Command> commands() { return kCommands; }

const Command* find_command(std::string_view name) {
  const auto found = std::ranges::find(kCommands, name, &Command::name);
  return found == kCommands.end() ? nullptr : &*found;
}

std::string config_dir(const Given& given) { return given.value("config-dir").value_or(build_info::kConfigDir); }

}  // namespace runward::ctl

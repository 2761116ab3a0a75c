// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fills the facts: the files, system calls and programs behind them. Whatever cannot be found out stays an Error.

#include <optional>
#include <string>
#include <vector>

#include "shim/ctl/doctor/docker.h"
#include "shim/ctl/doctor/facts.h"
#include "shim/policy/config.h"

namespace runward::ctl::doctor {

KernelFacts probe_kernel(const std::string& data_root, const policy::IdPool& pool);
Result<std::vector<IdRange>> probe_ids();

// The runward that lies beside runwardctl.
ProgramFacts probe_program();

// The one that runward would find when an engine with that PATH calls it.
RuntimeFacts probe_runtime(const std::string& configured, const std::string& path_variable, const std::string& runward);

std::vector<EngineFacts> probe_engines(const std::optional<Docker>& docker, const std::string& runward);

Result<std::vector<FileFact>> probe_configuration_files(const std::string& config_dir);
std::vector<AppArmorWish> probe_apparmor_wishes(const std::string& config_dir, const policy::Config& config);
EventsFacts probe_events(const policy::Events& events);

// Who can write to a program and to the folders above it.
Status check_program(const std::string& path);

}  // namespace runward::ctl::doctor

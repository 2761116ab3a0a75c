// SPDX-License-Identifier: Apache-2.0
#pragma once

// Recordings and hardening profiles as they are named on the command line, read.

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "profiles/generator/check.h"
#include "profiles/generator/collection.h"
#include "profiles/generator/generate.h"
#include "shim/base/result.h"

namespace runward::ctl {

// All of some files, each of one recording or of many.
Result<profiles::Collection> read_recordings(const std::vector<std::string>& paths);

// A profile that others extend, by its name.
Result<profiles::Parent> load_parent(const std::string& config_dir, const std::string& name);

// A folder with a profile.json, or the name of an installed or shipped profile. A folder need not be trusted: it is
// only looked at.
Result<profiles::ProfileFolder> load_profile_folder(const std::string& config_dir, const std::string& place);

// Of this machine, as recordings have it: "x86_64".
std::string machine_architecture();

bool file_exists(const std::string& path);

// Of a file of a profile's folder. What was recorded is root's to read: names of files, and the command's arguments.
mode_t mode_of(std::string_view file);

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/profile_generate.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>

#include "profiles/bytes.h"
#include "profiles/generator/generate.h"
#include "profiles/generator/report.h"
#include "shim/base/file.h"
#include "shim/ctl/profile_calibrate.h"
#include "shim/ctl/profile_folder.h"
#include "shim/ctl/table.h"
#include "shim/decide.h"
#include "shim/policy/read_values.h"

namespace runward::ctl {
namespace {

using profiles::Format;
using profiles::Headroom;

Result<profiles::GenerateOptions> options_of(const Given& given, const std::string& folder) {
  profiles::GenerateOptions options;
  options.name = given.value("name").value_or(file_name(folder));
  if (!policy::is_profile_name(options.name))
    return make_error(ErrorKind::usage, "'" + printable(options.name) + "' is no profile's name; give one by --name");
  const std::string headroom = given.value("headroom").value_or("portable");
  const auto* const known = std::ranges::find(profiles::kHeadroomNames, headroom);
  if (known == profiles::kHeadroomNames.end())
    return make_error(ErrorKind::usage, "--headroom takes strict, portable or static");
  options.headroom = static_cast<Headroom>(known - profiles::kHeadroomNames.begin());
  if ((options.headroom == Headroom::reachable) != given.has("rootfs"))
    return make_error(ErrorKind::usage, "--headroom static and --rootfs DIR, the unpacked image, go together");
  const std::string format = given.value("format").value_or("oci");
  if (format != "oci" && format != "docker") return make_error(ErrorKind::usage, "--format takes oci or docker");
  options.format = format == "docker" ? Format::docker : Format::oci;
  SHIM_TRY(options.calibration, read_calibration(given.value("calibration").value_or(calibration_file())));
  return options;
}

// The executables that the recordings saw, in the image as it lies unpacked.
Result<profiles::Reach> reach_of(const std::string& rootfs, const profiles::Collection& recordings) {
  SHIM_TRY(const profiles::Observed seen, profiles::observe(recordings));
  profiles::Files files;
  for (const auto& [path, file] : seen.files) files.emplace(path, file.use);
  return profiles::look_at_executables(rootfs, files, profiles::seccomp_architecture(seen.architecture));
}

Status write_files(const std::string& folder, const profiles::Generated& made) {
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return errno_error("make folder", folder);
  SHIM_TRY(const UniqueFd directory, open_directory(folder));
  for (const auto& [name, text] : made.files) SHIM_CHECK(replace_file(directory, name, text, mode_of(name)));
  return ok();
}

void tell(const std::string& folder, const profiles::GenerateOptions& options, const profiles::Generated& made) {
  const auto calls =
      profiles::calls_let_through(made.seccomp.profile, profiles::seccomp_architecture(made.seen.architecture));
  print("profile '" + options.name + "': " + std::to_string(calls.size()) + " system calls, " +
        std::to_string((made.settings.allowed | made.settings.on_request).size()) + " capabilities, " +
        std::to_string(made.settings.scratch.size()) + " scratch folders, " +
        std::to_string(made.apparmor.rules.size()) + " AppArmor rules: " + printable(folder) + "\n");
  const auto warn = [](const std::string& what, const auto& list) {
    for (const std::string& each : list) complain(what + profiles::to_text(each));
  };
  warn("not calibrated, so that the calls of every known runtime are let through; see `runwardctl profile calibrate`: ",
       made.start.unknown);
  warn("seen and not allowed, as the parent refuses it: call ", made.seccomp.refused);
  warn("seen and not allowed, as the parent never gives it: ", made.settings.refused);
  warn("seen and not allowed, as it lies in the image; mount a volume there: write to ", made.settings.read_only);
  print("read " + printable(folder) + "/REPORT.md before you install it\n");
}

}  // namespace

Result<int> run_profile_generate(const Given& given) {
  if (given.arguments().empty()) return make_error(ErrorKind::usage, "the files of recordings are missing");
  std::string folder = given.value("output").value_or("");
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  if (folder.empty()) return make_error(ErrorKind::usage, "--output is missing: the profile's folder");
  SHIM_TRY(profiles::GenerateOptions options, options_of(given, folder));
  SHIM_TRY(const profiles::Collection recordings, read_recordings(given.arguments()));
  if (const auto rootfs = given.value("rootfs")) {
    SHIM_TRY(options.reach, reach_of(*rootfs, recordings));
  }
  SHIM_TRY(const profiles::Parent parent, load_parent(config_dir(given), "default"));
  SHIM_TRY(const profiles::Generated made, profiles::generate(recordings, options, parent));
  SHIM_CHECK(write_files(folder, made));
  tell(folder, options, made);
  return kExitOk;
}

}  // namespace runward::ctl

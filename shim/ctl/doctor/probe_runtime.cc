// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <sstream>

#include "shim/base/file.h"
#include "shim/ctl/doctor/probes.h"
#include "shim/ctl/doctor/spawn.h"
#include "shim/runtime/low_level.h"

namespace runward::ctl::doctor {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kPatience = 20s;

// "runc: /usr/sbin/runc"; a program that was put aside has lines "diversion by PACKAGE from: /usr/sbin/runc" too.
struct Owner {
  std::string package;
  std::string diverted_from;
};
Owner parse_owner(const std::string& text) {
  constexpr std::string_view kFrom = " from: ";
  Owner owner;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const bool is_diversion = line.starts_with("diversion by ") || line.starts_with("local diversion ");
    const std::size_t from = line.find(kFrom);
    if (is_diversion && from != std::string::npos) owner.diverted_from = line.substr(from + kFrom.size());
    if (!is_diversion && owner.package.empty()) owner.package = line.substr(0, line.find_first_of(",:"));
  }
  return owner;
}

// Only where dpkg rules; elsewhere an error, and the version is all there is to judge by.
Result<std::string> package_of(const std::string& path) {
  SHIM_TRY(Ran ran, run_program({"dpkg-query", "--search", path}, kPatience));
  Owner owner = parse_owner(ran.output);
  if (owner.package.empty() && !owner.diverted_from.empty()) {
    SHIM_TRY(ran, run_program({"dpkg-query", "--search", owner.diverted_from}, kPatience));
    owner = parse_owner(ran.output);
  }
  return owner.package;
}

Result<std::string> changelog_of(const std::string& package) {
  const std::string path = "/usr/share/doc/" + package + "/changelog.Debian.gz";
  SHIM_TRY(const Ran ran, run_program({"gzip", "-dc", path}, kPatience));
  if (ran.exit_code == 0) return ran.output;
  return make_error(ErrorKind::io, "'" + path + "' cannot be read");
}

// Not of a program that others than root may have put there: we run as root.
Result<std::string> version_of(const std::string& path, const Status& only_root_writes) {
  if (!only_root_writes) return make_error(ErrorKind::io, "it was not run, as others than root can replace it");
  SHIM_TRY(Ran ran, run_program({path, "--version"}, kPatience));
  return std::move(ran.output);
}

}  // namespace

Status check_program(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return errno_error("find", path, error.value());
  SHIM_TRY(const UniqueFd fd, open_regular(AT_FDCWD, real));
  return check_only_root_writes(fd, real);
}

ProgramFacts probe_program() {
  std::error_code error;
  ProgramFacts program;
  program.path = fs::read_symlink("/proc/self/exe", error).parent_path() / "runward";
  const auto found = runtime::find_program(program.path, "");
  program.usable = found ? ok() : Status(make_error(ErrorKind::io, "there is no runward beside runwardctl"));
  if (found) program.only_root_writes = check_program(program.path);
  return program;
}

RuntimeFacts probe_runtime(const std::string& configured, const std::string& path_variable,
                           const std::string& runward) {
  RuntimeFacts facts;
  facts.configured = configured;
  const auto found = runtime::find_low_level(configured, path_variable, runward);
  if (!found) {
    facts.path = found.error();
    return facts;
  }
  facts.path = found->path;
  facts.only_root_writes = check_program(found->path);
  facts.says = version_of(found->path, facts.only_root_writes);
  facts.package = package_of(found->path);
  if (facts.package && !facts.package->empty()) facts.changelog = changelog_of(*facts.package);
  return facts;
}

}  // namespace runward::ctl::doctor

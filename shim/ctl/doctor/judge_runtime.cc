// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "shim/ctl/doctor/advisories.h"
#include "shim/ctl/doctor/judges.h"
#include "shim/ctl/words.h"

namespace runward::ctl::doctor {
namespace {

// What is known about whether the distribution has fixed a CVE without a new version.
enum class Backport {
  fixed,          // its changelog names it
  not_mentioned,  // the changelog does not
  not_a_package,  // upstream's own build: the version says it all
  unknown,
};

Backport backport_of(const RuntimeFacts& runtime, std::string_view cve) {
  if (runtime.package && runtime.package->empty()) return Backport::not_a_package;
  if (!runtime.changelog) return Backport::unknown;
  return runtime.changelog->find(cve) == std::string::npos ? Backport::not_mentioned : Backport::fixed;
}

std::string fixed_in(const Advisory& advisory) {
  std::vector<std::string> versions;
  for (const Version& version : advisory.fixed) {
    versions.push_back(std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
                       std::to_string(version.patch));
    if (version.candidate != Version::kRelease) versions.back() += "-rc." + std::to_string(version.candidate);
  }
  return joined(versions);
}

Line judge_advisory(const Advisory& advisory, const RuntimeFacts& runtime, const std::string& version) {
  const std::string what = version + ": " + std::string(advisory.what);
  const std::string newer = "install " + std::string(advisory.program) + " " + fixed_in(advisory) + " or newer";
  const std::string package = runtime.package ? *runtime.package : std::string();
  Line line{.level = advisory.level, .subject = std::string(advisory.cve), .reason = what, .mend = newer};
  switch (backport_of(runtime, advisory.cve)) {
    case Backport::fixed:
      return {.level = Level::ok,
              .subject = line.subject,
              .reason = version + " is old enough to have it, and the changelog of the package " + package +
                        " says that it is fixed",
              .mend = {}};
    case Backport::not_mentioned:
      line.reason += " (the changelog of the package " + package + " names no fix)";
      break;
    case Backport::not_a_package:
      line.reason += " (of no package: its version tells)";
      break;
    case Backport::unknown:
      line.level = std::min(line.level, Level::warning);
      line.reason += " (known from the version only: the distribution may have fixed it without a new one)";
      line.mend += ", or look for " + line.subject + " in the package's changelog";
      break;
  }
  return line;
}

}  // namespace

Lines judge_runtime(const Facts& facts) {
  const RuntimeFacts& runtime = facts.runtime;
  if (!runtime.path)
    return {{.level = Level::fail,
             .subject = runtime.configured,
             .reason = runtime.path.error().message + ": no container starts",
             .mend = "install runc or crun, or name one by its path as \"runtime\" in config.json"}};
  Lines lines;
  const auto version = runtime.says ? parse_program_version(*runtime.says) : std::nullopt;
  if (version) {
    lines.push_back(
        {.level = Level::ok, .subject = *runtime.path, .reason = version->program + " " + version->text, .mend = {}});
  } else if (runtime.says) {
    lines.push_back({.level = Level::warning,
                     .subject = *runtime.path,
                     .reason = "does not tell its version",
                     .mend = "look whether `" + *runtime.path + " --version` works"});
  } else {
    lines.push_back(unknown(runtime.says.error(), *runtime.path));
  }
  if (!runtime.only_root_writes)
    lines.push_back({.level = runtime.only_root_writes.error().kind == ErrorKind::policy ? Level::fail : Level::warning,
                     .subject = *runtime.path,
                     .reason = runtime.only_root_writes.error().message,
                     .mend = "it runs as root at every container: let only root write to it and the folders above"});
  return lines;
}

Lines judge_advisories(const Facts& facts) {
  const auto version = facts.runtime.says ? parse_program_version(*facts.runtime.says) : std::nullopt;
  if (!version || !version->version)
    return {{.level = Level::warning, .subject = {}, .reason = "the runtime's version is not known", .mend = {}}};
  const std::string name = version->program + " " + version->text;
  Lines lines;
  bool is_known = false;
  for (const Advisory& advisory : advisories()) {
    is_known = is_known || advisory.program == version->program;
    if (concerns(advisory, *version)) lines.push_back(judge_advisory(advisory, facts.runtime, name));
  }
  if (!is_known)
    return {{.level = Level::info,
             .subject = {},
             .reason = "doctor knows runc's and crun's, not those of " + version->program,
             .mend = {}}};
  if (lines.empty())
    lines.push_back({.level = Level::ok, .subject = {}, .reason = "doctor knows none of " + name, .mend = {}});
  return lines;
}

}  // namespace runward::ctl::doctor

// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/profile_compare.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "apparmor/match.h"
#include "profiles/bytes.h"
#include "profiles/generator/difference.h"
#include "profiles/generator/families.h"
#include "profiles/generator/make_apparmor.h"
#include "profiles/generator/observed.h"
#include "seccomp/algebra.h"
#include "seccomp/sets.h"
#include "shim/base/file.h"
#include "shim/ctl/profile_folder.h"
#include "shim/ctl/table.h"

namespace runward::ctl {
namespace {

bool is_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

// --- explain --------------------------------------------------------------------------------

std::string word_of(seccomp::Reach reach) {
  switch (reach) {
    case seccomp::Reach::never:
      return "refused";
    case seccomp::Reach::sometimes:
      return "let through for some arguments";
    case seccomp::Reach::always:
      return "let through";
  }
  return "";
}

// Why a call is let through that no recording has.
std::string other_reason(const std::string& call, const profiles::Observed& seen) {
  if (seccomp::is_in(call, seccomp::kRuntimeStart)) return "the low-level runtime makes it when it starts a program";
  if (seccomp::is_in(call, seccomp::kEssential)) return "any program needs it to run or to end";
  if (seccomp::is_in(call, seccomp::kOrdinary)) return "it gives no right over anything but the program itself";
  for (const profiles::Family family : profiles::families()) {
    if (std::ranges::find(family, call) == family.end()) continue;
    for (const std::string_view other : family)
      if (seen.calls.contains(std::string(other))) return "the same right as " + std::string(other);
  }
  return "no recording has it";
}

std::string call_verdict(const profiles::ProfileFolder& profile, const std::string& call) {
  return "call " + printable(call) + ": " + word_of(seccomp::reach_of(profile.filter(machine_architecture()), call)) +
         "\n";
}

std::string capability_verdict(const profiles::ProfileFolder& profile, const oci::Capability& capability) {
  const policy::Capabilities& rule = profile.policy.capabilities;
  const std::string given = rule.allowed.has(capability)      ? "kept"
                            : rule.on_request.has(capability) ? "kept when it is asked for"
                                                              : "taken away";
  return "capability " + oci::to_string(capability) + ": " + given + "\n";
}

std::string path_verdict(const profiles::ProfileFolder& profile, const std::string& path) {
  if (!profile.apparmor)
    return "file " + profiles::to_text(path) + ": the profile has no AppArmor profile of its own\n";
  std::string text;
  for (const bool is_directory : {false, true}) {
    const auto access =
        apparmor::file_access(*profile.apparmor, profiles::example_of(path, is_directory), apparmor::Owner::yes);
    const auto has = [&](apparmor::Permission permission, const char* word) {
      return access.permissions.has(permission) ? std::string(" ") + word : std::string();
    };
    const std::string may = has(apparmor::Permission::read, "read") + has(apparmor::Permission::write, "write") +
                            has(apparmor::Permission::map, "map") + (access.transition ? " execute" : "");
    text.append(is_directory ? "folder " : "file ").append(profiles::to_text(path));
    text.append(may.empty() ? ": refused" : ":" + may).append("\n");
  }
  return text;
}

void print_evidence(const std::vector<profiles::Evidence>& all) {
  Table table;
  table.header = {"recording", "phase", "executable", "times", ""};
  for (const profiles::Evidence& each : all)
    table.rows.push_back({profiles::to_text(each.recording), each.phase,
                          each.executable.empty() ? "?" : profiles::to_text(each.executable),
                          std::to_string(each.count), each.detail});
  print(render(table));
}

}  // namespace

Result<int> run_profile_merge(const Given& given) {
  const auto output = given.value("output");
  if (given.arguments().empty() || !output)
    return make_error(ErrorKind::usage, "files of recordings and --output are needed");
  SHIM_TRY(const profiles::Collection all, read_recordings(given.arguments()));
  SHIM_TRY(const profiles::Observed seen, profiles::observe(all));
  const std::filesystem::path target = std::filesystem::absolute(*output);
  SHIM_TRY(const UniqueFd folder, open_directory(target.parent_path()));
  SHIM_CHECK(replace_file(folder, target.filename(), profiles::print_collection(all), 0600));
  const auto always =
      std::ranges::count_if(seen.calls, [&](const auto& call) { return call.second.recordings == seen.recordings; });
  print(std::to_string(all.size()) + (all.size() == 1 ? " recording: " : " recordings: ") +
        std::to_string(seen.calls.size()) + " system calls, " + std::to_string(always) + " of them in every one; " +
        std::to_string(seen.files.size()) + " files\n");
  return kExitOk;
}

Result<int> run_profile_diff(const Given& given) {
  if (given.arguments().size() != 2) return make_error(ErrorKind::usage, "two recordings, or two profiles, are needed");
  const std::string& a = given.arguments()[0];
  const std::string& b = given.arguments()[1];
  std::vector<std::string> lines;
  if (is_file(a) && is_file(b)) {
    SHIM_TRY(const profiles::Collection first, read_recordings({a}));
    SHIM_TRY(const profiles::Collection second, read_recordings({b}));
    lines = profiles::difference(first, second);
  } else {
    SHIM_TRY(const profiles::ProfileFolder first, load_profile_folder(config_dir(given), a));
    SHIM_TRY(const profiles::ProfileFolder second, load_profile_folder(config_dir(given), b));
    lines = profiles::difference(first, second, machine_architecture());
  }
  for (const std::string& line : lines) print(printable(line) + "\n");
  return lines.empty() ? kExitOk : kExitProblem;
}

Result<int> run_profile_explain(const Given& given) {
  if (given.arguments().size() != 2)
    return make_error(ErrorKind::usage, "a profile, and a call, a capability or a path, are needed");
  SHIM_TRY(const profiles::ProfileFolder profile, load_profile_folder(config_dir(given), given.arguments()[0]));
  std::string thing = given.arguments()[1];
  const auto capability = oci::parse_capability(thing);
  const bool is_capability = capability && thing[0] >= 'A' && thing[0] <= 'Z';
  const bool is_path = thing.starts_with('/');
  if (is_capability) thing = oci::to_string(*capability);
  if (is_path) thing = profiles::from_text(thing).value_or(thing);
  print(is_path         ? path_verdict(profile, thing)
        : is_capability ? capability_verdict(profile, *capability)
                        : call_verdict(profile, thing));
  const auto evidence = profiles::evidence_of(profile.recordings, thing);
  if (!evidence.empty()) {
    print_evidence(evidence);
    return kExitOk;
  }
  const auto seen = profiles::observe(profile.recordings);
  const bool is_call = !is_path && !is_capability;
  print(profile.recordings.empty() ? "the profile keeps no recordings\n"
        : is_call && seen          ? other_reason(thing, *seen) + "\n"
                                   : "no recording has it\n");
  return kExitOk;
}

}  // namespace runward::ctl

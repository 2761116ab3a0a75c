// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/lockdown.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "shim/ctl/diff.h"
#include "shim/ctl/engine_units.h"
#include "shim/ctl/runtime_place.h"
#include "shim/ctl/runward_program.h"
#include "shim/ctl/table.h"
#include "shim/ctl/way_around.h"
#include "shim/policy/store.h"
#include "shim/runtime/low_level.h"

namespace runward::ctl {
namespace {

namespace fs = std::filesystem;

struct PlannedPlace {
  RuntimePlace place;
  std::vector<Act> acts;
};

struct Plan {
  std::vector<PlannedPlace> places;
  std::vector<Wanted> files;  // to put, or to take away
};

// Each folder once, whatever links lead to it (/sbin).
Status add_folder(const LockdownHost& host, const fs::path& folder, std::vector<fs::path>& folders) {
  std::error_code error;
  if (!folder.is_absolute()) return make_error(ErrorKind::usage, "--folder takes an absolute path");
  const fs::path top = host.root.empty() ? fs::path("/") : fs::canonical(host.root, error);
  const fs::path real = fs::canonical(host.root + folder.native(), error);
  if (error) return ok();
  const fs::path inside = fs::path("/") / real.lexically_relative(top);
  if (std::ranges::find(folders, inside) == folders.end()) folders.push_back(inside);
  return ok();
}

Result<std::vector<fs::path>> folders_of(const LockdownHost& host, const Given& given) {
  std::vector<fs::path> folders;
  for (std::string_view rest = runtime::kUsualDirectories; !rest.empty();) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    SHIM_CHECK(add_folder(host, folder, folders));
  }
  for (const std::string& folder : given.values("folder")) SHIM_CHECK(add_folder(host, folder, folders));
  return folders;
}

Result<LockdownHost> host_of(const Given& given) {
  LockdownHost host{.root = given.value("root").value_or(""), .program = {}, .dpkg = std::nullopt};
  if (host.root == "/") host.root.clear();
  if (!host.root.empty() && (!host.root.starts_with('/') || host.root.ends_with('/')))
    return make_error(ErrorKind::usage, "--root takes an absolute path without a slash at its end");
  if (::geteuid() != 0 && host.root.empty()) return make_error(ErrorKind::usage, "lockdown needs root");
  SHIM_TRY(const fs::path program, find_runward(given, host.root));
  host.program = program;
  host.dpkg = Dpkg::find(host.root);
  return host;
}

// Before the first file is touched: every place must be one that can be planned for.
Result<Plan> plan_of(const LockdownHost& host, const Given& given, bool undo) {
  Plan plan;
  bool has_runtime = false;
  SHIM_TRY(const auto folders, folders_of(host, given));
  for (const fs::path& folder : folders)
    for (const std::string_view name : kRuntimeNames) {
      SHIM_TRY(const RuntimePlace place, look_at_place(host, folder / name));
      has_runtime = has_runtime || (name == kRuncName && place.has_runtime());
      SHIM_TRY(std::vector<Act> acts, undo ? plan_unlock(place) : plan_lock(place));
      if (!acts.empty()) plan.places.push_back({.place = place, .acts = std::move(acts)});
    }
  if (!undo && !has_runtime)
    return make_error(ErrorKind::io, "no runc was found: install it first (or name its folder with --folder)");
  for (Wanted& wanted : wanted_files(host))
    if (undo ? wanted.exists : !wanted.is_there) plan.files.push_back(std::move(wanted));
  return plan;
}

void print_plan(const LockdownHost& host, const Plan& plan, bool undo) {
  for (const PlannedPlace& planned : plan.places)
    for (const Act act : planned.acts) print("would " + describe(host, planned.place, act) + "\n");
  for (const Wanted& wanted : plan.files) {
    if (wanted.text.empty())
      print(undo ? "would remove the link " + wanted.path + "\n"
                 : "would link " + wanted.path + " to " + host.program + "\n");
    else
      print(unified_diff(wanted.found, undo ? "" : wanted.text, wanted.path,
                         wanted.path + (undo ? " (removed)" : " (after lockdown)")));
  }
}

Status carry_out_files(const LockdownHost& host, const Plan& plan, bool undo) {
  for (const Wanted& wanted : plan.files) {
    SHIM_CHECK(undo ? take_away(host, wanted) : put(host, wanted));
    print((undo ? "removed " : "wrote ") + wanted.path + "\n");
  }
  return plan.files.empty() ? ok() : reload_units(host);
}

Status carry_out_places(const LockdownHost& host, const Plan& plan) {
  for (const PlannedPlace& planned : plan.places)
    for (const Act act : planned.acts) {
      SHIM_CHECK(carry_out(host, planned.place, act));
      print(describe(host, planned.place, act) + ": done\n");
    }
  return ok();
}

// A policy that can't be read, or a runtime that can't be found, would now stop every container of the host.
Status check_is_safe(const LockdownHost& host, const Given& given) {
  SHIM_TRY(const policy::Config config, policy::load_config(host.root + config_dir(given)));
  for (const std::string& profile :
       {config.selection.standard, config.selection.builds, config.selection.by_namespace.at("plugins.moby")}) {
    if (!profile.empty()) SHIM_CHECK(policy::load_policy(host.root + config_dir(given), profile, config));
  }
  if (host.root.empty()) SHIM_CHECK(runtime::find_low_level(config.runtime, ""));
  return ok();
}

void tell_state(const LockdownHost& host, const Given& given) {
  print("runc is runward, for engines that run too: each container that is started from now on is hardened\n");
  const auto config = policy::load_config(host.root + config_dir(given));
  if (host.root.empty() && config)
    if (const auto real = runtime::find_low_level(config->runtime, ""))
      print("runward starts them with " + real->path + "\n");
  if (!wanted_files(host).empty())
    print("the PATH of docker.service and containerd.service holds as of their next start\n");
  const auto open = ways_around(host, given.value("daemon-json").value_or("/etc/docker/daemon.json"));
  for (const std::string& way : open) print("still open: " + printable(way) + "\n");
}

}  // namespace

Result<int> run_lockdown(const Given& given) {
  const bool undo = given.has("undo");
  SHIM_TRY(const LockdownHost host, host_of(given));
  if (!undo) SHIM_CHECK(check_is_safe(host, given));
  SHIM_TRY(const Plan plan, plan_of(host, given, undo));
  const bool nothing_to_do = plan.places.empty() && plan.files.empty();
  if (nothing_to_do) print(undo ? "nothing to do: runc is as it was\n" : "nothing to do: runc is runward\n");
  if (given.has("dry-run")) {
    print_plan(host, plan, undo);
    return kExitOk;
  }
  // The link in the folder of the PATH stays until nothing needs it, and is there before anything needs it.
  if (undo) SHIM_CHECK(carry_out_files(host, plan, undo));
  SHIM_CHECK(carry_out_places(host, plan));
  if (!undo) SHIM_CHECK(carry_out_files(host, plan, undo));
  if (!undo) tell_state(host, given);
  if (undo && !nothing_to_do) print("runc is the runtime again; containers that run stay as they are\n");
  return kExitOk;
}

}  // namespace runward::ctl

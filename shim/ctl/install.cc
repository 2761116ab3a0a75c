// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/install.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <vector>

#include "shim/base/file.h"
#include "shim/ctl/apparmor_profiles.h"
#include "shim/ctl/daemon_json.h"
#include "shim/ctl/diff.h"
#include "shim/ctl/runward_program.h"
#include "shim/ctl/table.h"
#include "shim/policy/store.h"

namespace runward::ctl {
namespace {

namespace fs = std::filesystem;

// The name selects the profile (policy/select.h).
constexpr std::array<const char*, 3> kLinks = {"runward-strict", "runward-record", "runward-verify"};

bool is_runtime_name(const std::string& name) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !name.empty() && name.size() <= 64 && name.find_first_not_of(kLetters) == std::string::npos;
}

enum class Link { there, to_make };

Result<Link> look_at_link(const fs::path& link, const fs::path& program) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(link, error);
  if (!fs::exists(status)) return Link::to_make;
  if (fs::is_symlink(status) && fs::equivalent(link, program, error)) return Link::there;
  return make_error(ErrorKind::io,
                    "'" + link.native() + "' is there already, and no link to '" + program.native() + "'");
}

// With the folder's own mode: events name what runs on the host.
void make_events_folder(const std::string& config_dir) {
  constexpr mode_t kNotForOthers = 0750;
  const auto config = policy::load_config(config_dir);
  if (!config) return complain(config.error().message + ": no container starts until this is put right");
  if (config->events.file.empty()) return;
  const fs::path folder = fs::path(config->events.file).parent_path();
  if (::mkdir(folder.c_str(), kNotForOthers) == 0) return print("made " + folder.native() + "\n");
  if (errno != EEXIST) complain(errno_error("create", folder.native()).message + ", continuing");
}

std::string pid_file_of(const Target& target, const DaemonFile& file) {
  if (!target.pid_file.empty()) return target.pid_file;
  return daemon_setting(file.text(), "pidfile").value_or("/var/run/docker.pid");
}

struct Plan {
  Target target;
  fs::path program;
  std::array<fs::path, kLinks.size()> links;
  std::vector<fs::path> to_make;  // of them
  std::string changed;            // daemon.json's new text
  bool is_first = true;           // none of our runtimes was there before
  bool sets_default = false;
};

Result<Plan> plan_of(const Given& given, const DaemonFile& file, Target target) {
  Plan plan{.target = std::move(target), .program = {}, .links = {}, .to_make = {}, .changed = {}};
  SHIM_TRY(plan.program, find_runward(given, ""));
  for (std::size_t i = 0; i < kLinks.size(); ++i) {
    plan.links.at(i) = plan.program.parent_path() / kLinks.at(i);
    SHIM_TRY(const Link state, look_at_link(plan.links.at(i), plan.program));
    if (state == Link::to_make) plan.to_make.push_back(plan.links.at(i));
  }
  const auto names = plan.target.runtime_names();
  Registration registration{.runtimes = {{names[0], plan.program}}, .default_runtime = {}};
  for (std::size_t i = 0; i < kLinks.size(); ++i) registration.runtimes.push_back({names[i + 1], plan.links.at(i)});
  plan.sets_default = given.has("default");
  if (plan.sets_default) registration.default_runtime = names[given.has("strict") ? 1 : 0];
  SHIM_TRY(plan.changed, add_runtimes(file.text(), file.path(), registration));
  SHIM_TRY(const auto there, registered(file.text(), file.path(), names));
  plan.is_first = there.empty();
  return plan;
}

void print_plan(const Plan& plan, const DaemonFile& file) {
  for (const fs::path& link : plan.to_make)
    print("would link " + link.native() + " to " + plan.program.native() + "\n");
  print(unified_diff(file.text(), plan.changed, file.path(), file.path() + " (after install)"));
}

Status make_links(const Plan& plan) {
  for (const fs::path& link : plan.to_make) {
    if (::symlink(plan.program.filename().c_str(), link.c_str()) != 0) return errno_error("link", link.native());
    print("linked " + link.native() + " to " + plan.program.native() + "\n");
  }
  return ok();
}

Status tell_dockerd(const Target& target, const DaemonFile& file) {
  const auto daemon = daemon_to_tell(target, file);
  if (!daemon) {
    print(target.reload ? "no dockerd that reads it is running\n" : "dockerd was not told (--no-reload)\n");
    return ok();
  }
  SHIM_CHECK(reload(*daemon, file.path()));
  print("dockerd (pid " + std::to_string(daemon->pid) + ") has read it again\n");
  return ok();
}

Status carry_out(const Plan& plan, const DaemonFile& file, const std::string& config_dir) {
  SHIM_CHECK(make_links(plan));
  make_events_folder(config_dir);
  if (plan.changed == file.text()) return ok();
  SHIM_TRY(const bool is_valid, validate(plan.changed));
  if (plan.is_first) SHIM_CHECK(file.back_up());
  SHIM_CHECK(file.write(plan.changed));
  print("changed " + file.path() + (is_valid ? " (dockerd --validate: ok)" : "") + "\n");
  if (plan.is_first && file.exists()) print("kept what it was in " + file.backup_path() + "\n");
  return tell_dockerd(plan.target, file);
}

}  // namespace

Result<Target> target_of(const Given& given) {
  Target target{.name = given.value("name").value_or("runward"),
                .daemon_json = given.value("daemon-json").value_or("/etc/docker/daemon.json"),
                .pid_file = given.value("pid-file").value_or(""),
                .dry_run = given.has("dry-run"),
                .reload = !given.has("no-reload")};
  if (!is_runtime_name(target.name))
    return make_error(ErrorKind::usage, "--name takes letters, digits and _ . -, at most 64");
  return target;
}

std::optional<Daemon> daemon_to_tell(const Target& target, const DaemonFile& file) {
  if (!target.reload) return std::nullopt;
  auto daemon = find_daemon(pid_file_of(target, file));
  return daemon && reads(*daemon, file.path()) ? daemon : std::nullopt;
}

Result<int> run_install(const Given& given) {
  if (given.has("strict") && !given.has("default")) return make_error(ErrorKind::usage, "--strict goes with --default");
  SHIM_TRY(Target target, target_of(given));
  SHIM_TRY(const DaemonFile file, DaemonFile::open(target.daemon_json));
  const auto daemon = find_daemon(pid_file_of(target, file));
  if (daemon && reads(*daemon, file.path())) SHIM_CHECK(check_flags(*daemon, given.has("default")));
  SHIM_TRY(const Plan plan, plan_of(given, file, std::move(target)));
  if (!plan.target.dry_run) compile_own_profiles(config_dir(given));
  if (plan.changed == file.text() && plan.to_make.empty()) {
    print("nothing to do: " + file.path() + " has it all\n");
    return kExitOk;
  }
  if (plan.target.dry_run) {
    print_plan(plan, file);
  } else {
    SHIM_CHECK(carry_out(plan, file, config_dir(given)));
  }
  return kExitOk;
}

}  // namespace runward::ctl

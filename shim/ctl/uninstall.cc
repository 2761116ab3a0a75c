// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/uninstall.h"

#include <filesystem>

#include "shim/base/file.h"
#include "shim/ctl/daemon_json.h"
#include "shim/ctl/diff.h"
#include "shim/ctl/dockerd.h"
#include "shim/ctl/table.h"

namespace runward::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;

// Containers that were started through the link still call it, for stop, kill and delete. containerd's shims say so:
// each runs in its container's bundle, whose options.json names the program.
bool is_in_use(const std::string& link) {
  std::error_code error;
  for (fs::directory_iterator process("/proc", error), end; !error && process != end; process.increment(error)) {
    const auto name = read_file(process->path() / "comm", kMaxBytes);
    if (!name || !name->starts_with("containerd-shim")) continue;
    const auto options = read_file(process->path() / "cwd/options.json", kMaxBytes);
    if (options && daemon_setting(*options, "binary_name") == link) return true;
  }
  return false;
}

// Only what install makes: a link to the program beside it.
bool is_our_link(const RuntimeEntry& entry) {
  std::error_code error;
  const fs::path path(entry.path);
  const bool is_called_so =
      path.filename() == "runward-strict" || path.filename() == "runward-record" || path.filename() == "runward-verify";
  return is_called_so && fs::is_symlink(path, error) && !fs::read_symlink(path, error).has_parent_path();
}

Status remove_link(const RuntimeEntry& entry, bool dry_run) {
  if (!is_our_link(entry)) return ok();
  if (is_in_use(entry.path)) {
    print("left " + entry.path + ": containers that run were started through it\n");
    return ok();
  }
  if (!dry_run) {
    std::error_code error;
    fs::remove(entry.path, error);
    if (error) return errno_error("remove", entry.path, error.value());
  }
  print((dry_run ? "would remove " : "removed ") + entry.path + "\n");
  return ok();
}

bool says_nothing(const std::string& text) { return text.find_first_not_of("{} \t\r\n") == std::string::npos; }

// What daemon.json does not name any more, dockerd keeps until it starts again; and when its default runtime is gone
// meanwhile, 20.10 ends by a nil pointer (daemon/info_unix.go). So for as long as it reads, the file names no runtimes
// and dockerd's own default one.
Status make_dockerd_forget(const Target& target, const DaemonFile& file, const std::string& changed) {
  const auto daemon = daemon_to_tell(target, file);
  if (!daemon) return ok();
  Registration nothing;
  if (!daemon_setting(changed, "default-runtime")) nothing.default_runtime = "runc";
  SHIM_TRY(const std::string text, add_runtimes(changed, file.path(), nothing));
  SHIM_CHECK(file.write(text));
  Status told = reload(*daemon, file.path());
  if (!told) SHIM_CHECK(file.write(file.text()));
  if (told) print("dockerd (pid " + std::to_string(daemon->pid) + ") has read it\n");
  return told;
}

Status write_back(const DaemonFile& file, const std::string& changed, bool had_backup) {
  // No backup: install made the file.
  if (!had_backup && says_nothing(changed)) {
    SHIM_CHECK(file.remove());
    print("removed " + file.path() + ", which was empty again\n");
    return ok();
  }
  SHIM_CHECK(file.write(changed));
  print("changed " + file.path() + "\n");
  return file.remove_backup();
}

}  // namespace

Result<int> run_uninstall(const Given& given) {
  SHIM_TRY(const Target target, target_of(given));
  SHIM_TRY(const DaemonFile file, DaemonFile::open(target.daemon_json));
  const auto names = target.runtime_names();
  SHIM_TRY(const auto entries, registered(file.text(), file.path(), names));
  SHIM_TRY(const auto before, file.backup());
  SHIM_TRY(const std::string changed, remove_runtimes(file.text(), file.path(), names, before));
  if (changed == file.text()) {
    print("nothing to do: " + file.path() + " does not name it\n");
    return kExitOk;
  }
  if (target.dry_run) {
    print(unified_diff(file.text(), changed, file.path(), file.path() + " (after uninstall)"));
  } else {
    SHIM_CHECK(validate(changed.empty() ? "{}" : changed));
    SHIM_CHECK(make_dockerd_forget(target, file, changed));
    SHIM_CHECK(write_back(file, changed, before.has_value()));
  }
  for (const RuntimeEntry& entry : entries) SHIM_CHECK(remove_link(entry, target.dry_run));
  return kExitOk;
}

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/engine_units.h"

#include <unistd.h>

#include <array>
#include <filesystem>

#include "shim/base/file.h"
#include "shim/runtime/capture.h"
#include "shim/runtime/low_level.h"

namespace runward::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = std::size_t{64} << 10U;
constexpr std::string_view kUnits = "/etc/systemd/system";
constexpr std::string_view kFolder = "/var/lib/runward/lockdown";
constexpr std::array<std::string_view, 2> kEngines = {"docker.service", "containerd.service"};

std::string drop_in_text() {
  return "# Made by `runwardctl lockdown`, taken away by `runwardctl lockdown --undo`: whoever looks for runc in PATH\n"
         "# finds runward. See runwardctl(8).\n"
         "[Service]\n"
         "Environment=PATH=" +
         std::string(kFolder) + ":" + std::string(runtime::kUsualDirectories) + "\n";
}

Wanted wanted_link(const LockdownHost& host, std::string path) {
  std::error_code error;
  Wanted wanted{.path = std::move(path), .text = {}, .found = {}};
  wanted.exists = fs::is_symlink(fs::symlink_status(host.root + wanted.path, error));
  wanted.is_there = leads_to_runward(host, wanted.path);
  return wanted;
}

Wanted wanted_drop_in(const LockdownHost& host, std::string_view unit) {
  Wanted wanted{// Last in the order of names: a PATH of another drop-in would take ours away.
                .path = std::string(kUnits) + "/" + std::string(unit) + ".d/zz-runward-lockdown.conf",
                .text = drop_in_text(),
                .found = {}};
  const auto text = read_file(host.root + wanted.path, kMaxBytes);
  wanted.exists = bool(text);
  if (text) wanted.found = *text;
  wanted.is_there = wanted.found == wanted.text;
  return wanted;
}

// What only root may enter anyway; engines' programs are no secret.
Status make_folders(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return errno_error("create", folder.native(), error.value());
  return ok();
}

}  // namespace

std::vector<Wanted> wanted_files(const LockdownHost& host) {
  std::vector<Wanted> all;
  std::error_code error;
  if (!fs::is_directory(host.root + std::string(kUnits), error)) return all;
  all.push_back(wanted_link(host, std::string(kFolder) + "/runc"));
  for (const std::string_view unit : kEngines) all.push_back(wanted_drop_in(host, unit));
  return all;
}

Status put(const LockdownHost& host, const Wanted& wanted) {
  constexpr mode_t kEverybodyReads = 0644;
  const fs::path file = host.root + wanted.path;
  SHIM_CHECK(make_folders(file.parent_path()));
  if (wanted.text.empty()) return link_to_runward(host, wanted.path);
  SHIM_TRY(const UniqueFd directory, open_directory(file.parent_path()));
  return replace_file(directory, file.filename(), wanted.text, kEverybodyReads);
}

Status take_away(const LockdownHost& host, const Wanted& wanted) {
  const fs::path file = host.root + wanted.path;
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) return errno_error("remove", file.native());
  ::rmdir(file.parent_path().c_str());
  if (wanted.text.empty()) ::rmdir(file.parent_path().parent_path().c_str());  // /var/lib/runward
  return ok();
}

Status reload_units(const LockdownHost& host) {
  std::error_code error;
  if (!host.root.empty() || !fs::exists("/run/systemd/system", error)) return ok();
  SHIM_TRY(const std::string systemctl, runtime::find_program("systemctl", ""));
  SHIM_TRY(const runtime::Captured done, runtime::run_and_capture(systemctl, {"daemon-reload"}));
  if (done.exit_code == 0) return ok();
  return make_error(ErrorKind::io, "`systemctl daemon-reload` ended with " + std::to_string(done.exit_code));
}

}  // namespace runward::ctl

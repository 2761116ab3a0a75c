// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/runtime_place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "shim/runtime/low_level.h"

namespace runward::ctl {
namespace {

namespace fs = std::filesystem;
using Holder = RuntimePlace::Holder;

constexpr std::string_view kNew = ".runward-new";  // a link that is not in its place yet

std::optional<struct stat> look(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

bool is_one_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

Status unlink_if_there(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("remove", path);
  return ok();
}

Status rename_over(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return errno_error("rename", from);
  return ok();
}

// A link to the runtime stays a link: its target may be exchanged by whoever made it.
Status keep(const std::string& path, const std::string& aside) {
  if (::linkat(AT_FDCWD, path.c_str(), AT_FDCWD, aside.c_str(), 0) == 0) return ok();
  // A filesystem without hard links: for a moment there is no runc.
  if (errno == EPERM || errno == ENOTSUP || errno == EMLINK) return rename_over(path, aside);
  return errno_error("link", aside);
}

Status check_is_certain(const RuntimePlace& place) {
  if (place.diversion == Diversion::foreign)
    return make_error(ErrorKind::unsupported, "'" + place.path +
                                                  "' is diverted by somebody else already (dpkg-divert --list " +
                                                  place.path + "): take that diversion back first");
  if (place.holder == Holder::other && place.has_aside && !place.is_one_file)
    return make_error(ErrorKind::io, "'" + place.path + "' and '" + place.aside +
                                         "' are two runtimes: the first was put there after lockdown. Rename it over "
                                         "the second if it is the newer one, else remove it; then call again");
  return ok();
}

}  // namespace

bool leads_to_runward(const LockdownHost& host, const std::string& path) {
  std::error_code error;
  const fs::path file = host.root + path;
  if (fs::is_symlink(file, error) && fs::read_symlink(file, error) == host.program) return true;
  return fs::equivalent(file, host.root + host.program, error);
}

Status link_to_runward(const LockdownHost& host, const std::string& path) {
  const std::string file = host.root + path;
  const std::string temporary = file + std::string(kNew);
  SHIM_CHECK(unlink_if_there(temporary));
  if (::symlink(host.program.c_str(), temporary.c_str()) != 0) return errno_error("link", temporary);
  return rename_over(temporary, file);
}

Result<RuntimePlace> look_at_place(const LockdownHost& host, const std::string& path) {
  RuntimePlace place{.path = path, .aside = path + std::string(runtime::kSetAsideSuffix)};
  const auto file = look(host.root + place.path);
  const auto aside = look(host.root + place.aside);
  if (file) place.holder = leads_to_runward(host, path) ? Holder::runward : Holder::other;
  place.has_aside = aside.has_value();
  place.is_one_file = file && aside && is_one_file(*file, *aside);
  place.has_dpkg = host.dpkg.has_value();
  if (host.dpkg) {
    SHIM_TRY(place.diversion, host.dpkg->look_at(place.path, place.aside));
  }
  return place;
}

Result<std::vector<Act>> plan_lock(const RuntimePlace& place) {
  std::vector<Act> acts;
  // A link to runward that nothing was set aside for is somebody's own.
  if (!place.has_runtime()) return acts;
  SHIM_CHECK(check_is_certain(place));
  if (place.has_dpkg && place.diversion == Diversion::none) acts.push_back(Act::divert);
  if (!place.has_aside) acts.push_back(Act::keep);
  if (place.holder != Holder::runward) acts.push_back(Act::link);
  return acts;
}

Result<std::vector<Act>> plan_unlock(const RuntimePlace& place) {
  std::vector<Act> acts;
  const bool diverted = place.diversion == Diversion::ours;
  if (!place.has_aside && !diverted) return acts;
  SHIM_CHECK(check_is_certain(place));
  // First the record: a package that is upgraded in between then overwrites our link, and not the other way round.
  if (diverted) acts.push_back(Act::undivert);
  if (place.has_aside)
    acts.push_back(place.is_one_file ? Act::remove_second_name : Act::put_back);
  else if (place.holder == Holder::runward)
    acts.push_back(Act::remove_link);  // the package is gone
  return acts;
}

Status carry_out(const LockdownHost& host, const RuntimePlace& place, Act act) {
  const std::string path = host.root + place.path;
  const std::string aside = host.root + place.aside;
  switch (act) {
    case Act::divert:
      return host.dpkg->add(place.path, place.aside);
    case Act::keep:
      return keep(path, aside);
    case Act::link:
      return link_to_runward(host, place.path);
    case Act::undivert:
      return host.dpkg->remove(place.path);
    case Act::put_back:
      return rename_over(aside, path);
    case Act::remove_link:
      return unlink_if_there(path);
    case Act::remove_second_name:
      return unlink_if_there(aside);
  }
  return ok();
}

std::string describe(const LockdownHost& host, const RuntimePlace& place, Act act) {
  switch (act) {
    case Act::divert:
      return "divert what packages put at " + place.path + " to " + place.aside;
    case Act::keep:
      return "keep the runtime at " + place.path + " as " + place.aside;
    case Act::link:
      return "link " + place.path + " to " + host.program;
    case Act::undivert:
      return "let packages put their file at " + place.path + " again";
    case Act::put_back:
      return "put " + place.aside + " back to " + place.path;
    case Act::remove_link:
      return "remove the link " + place.path + ", which no package has a runtime for any more";
    case Act::remove_second_name:
      return "remove " + place.aside + ", a second name of " + place.path;
  }
  return "";
}

}  // namespace runward::ctl

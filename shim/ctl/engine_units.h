// SPDX-License-Identifier: Apache-2.0
#pragma once

// The second lock, for what is no package's: a PATH of docker.service and containerd.service that begins with a folder
// in which `runc` is runward. It holds when somebody unpacks a runc by hand over the link, or into a folder that comes
// before; but only for these services, and from their next start on.

#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/ctl/runtime_place.h"

namespace runward::ctl {

// A file or link that lockdown makes.
struct Wanted {
  std::string path;  // below the root
  std::string text;  // empty: a link to runward
  std::string found;
  bool is_there = false;  // as wanted
  bool exists = false;
};

// Nothing where systemd is not installed.
std::vector<Wanted> wanted_files(const LockdownHost& host);

Status put(const LockdownHost& host, const Wanted& wanted);

// With the folders that are empty then.
Status take_away(const LockdownHost& host, const Wanted& wanted);

// `systemctl daemon-reload`, where systemd runs.
Status reload_units(const LockdownHost& host);

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#pragma once

// One path at which engines find runc, and putting runward there: the runtime gets a second name beside it
// (runtime::kSetAsideSuffix), dpkg is told to put later versions under that name, and a link to runward is renamed over
// the path. At each moment the path leads to a runtime, and a run that was killed is told from what it left.
//
//   SHIM_TRY(const RuntimePlace place, look_at_place(host, "/usr/sbin/runc"));
//   SHIM_TRY(const std::vector<Act> acts, plan_lock(place));
//   for (const Act act : acts) SHIM_CHECK(carry_out(host, place, act));

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shim/base/result.h"
#include "shim/ctl/diversion.h"

namespace runward::ctl {

inline constexpr std::string_view kRuncName = "runc";
// What BuildKit's own daemon looks for first, and then for runc (executor/runcexecutor).
inline constexpr std::string_view kBuildkitRuncName = "buildkit-runc";
inline constexpr std::array kRuntimeNames = {kRuncName, kBuildkitRuncName};

struct LockdownHost {
  std::string root;     // all paths are below it; empty: the host's own
  std::string program;  // runward, as the links name it
  std::optional<Dpkg> dpkg;
};

struct RuntimePlace {
  enum class Holder : std::uint8_t { nobody, runward, other };

  std::string path;   // below the root: "/usr/sbin/runc"
  std::string aside;  // "/usr/sbin/runc.runward-real"
  Holder holder = Holder::nobody;
  bool has_aside = false;
  bool is_one_file = false;  // both names lead to one file: a lockdown that was not finished
  Diversion diversion = Diversion::none;
  bool has_dpkg = false;

  [[nodiscard]] bool has_runtime() const { return holder == Holder::other || has_aside; }
};

enum class Act : std::uint8_t { divert, keep, link, undivert, put_back, remove_link, remove_second_name };

Result<RuntimePlace> look_at_place(const LockdownHost& host, const std::string& path);

// Nothing to do: empty. An error where that could lose a file that somebody put there.
Result<std::vector<Act>> plan_lock(const RuntimePlace& place);
Result<std::vector<Act>> plan_unlock(const RuntimePlace& place);

Status carry_out(const LockdownHost& host, const RuntimePlace& place, Act act);

// "set /usr/sbin/runc aside as /usr/sbin/runc.runward-real"
std::string describe(const LockdownHost& host, const RuntimePlace& place, Act act);

// Whether a path below the root is runward, or a link to it.
bool leads_to_runward(const LockdownHost& host, const std::string& path);

// A link to runward in place of whatever has the name, without a moment in which nothing has it.
Status link_to_runward(const LockdownHost& host, const std::string& path);

}  // namespace runward::ctl

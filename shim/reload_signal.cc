// SPDX-License-Identifier: Apache-2.0
#include "shim/reload_signal.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <string>
#include <string_view>

#include "runward_build_info.h"
#include "shim/host/running.h"
#include "shim/state/decisions.h"
#include "shim/userns/refresh.h"

namespace runward {
namespace {

struct Signal {
  int number;
  std::string_view name;
};
constexpr std::array kReload = {Signal{SIGHUP, "HUP"}, Signal{SIGUSR1, "USR1"}, Signal{SIGUSR2, "USR2"}};

// As runc takes it: a number, or a name with or without "SIG". Engines send numbers.
bool tells_to_reload(std::string_view signal) {
  constexpr std::string_view kPrefix = "SIG";
  if (signal.starts_with(kPrefix)) signal.remove_prefix(kPrefix.size());
  return std::ranges::any_of(
      kReload, [&](const Signal& known) { return signal == known.name || signal == std::to_string(known.number); });
}

}  // namespace

void refresh_before_reload(const runtime::Invocation& kill) {
  if (kill.arguments.size() < 2 || !tells_to_reload(kill.arguments[1])) return;
  if (!runtime::is_valid_container_id(kill.container_id)) return;
  const auto decision = state::Decisions(build_info::kStateDir).find(kill.root, kill.container_id);
  if (!decision || !*decision || !(*decision)->users) return;
  const auto pid = host::first_process_of((*decision)->pid_file, (*decision)->runtime_root, (*decision)->container);
  if (pid) userns::refresh_rootfs(*pid);
}

}  // namespace runward

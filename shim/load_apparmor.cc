// SPDX-License-Identifier: Apache-2.0
#include "shim/load_apparmor.h"

#include "apparmor/load.h"
#include "runward_build_info.h"
#include "shim/policy/store.h"

namespace runward {

Status load_apparmor_profile(const oci::Process& process) {
  const std::string name = process.apparmor_profile().value_or("");
  const std::string place = policy::apparmor_source(build_info::kConfigDir, name);
  if (place.empty()) return ok();
  const apparmor::Places places = apparmor::host_places();
  if (!apparmor::kernel_has_apparmor(places)) return ok();
  SHIM_TRY(std::string source, policy::load_apparmor(place));
  const auto loaded = apparmor::ensure_loaded(places, {.name = name, .source = std::move(source)});
  if (loaded) return ok();
  return in_context("the AppArmor profile '" + name + "' can't be loaded (rule apparmor)", loaded.error());
}

}  // namespace runward

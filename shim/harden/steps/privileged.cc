// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "shim/harden/engine_defaults.h"
#include "shim/harden/seccomp_filter.h"
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

// The spec has no flag for it: Docker's --privileged is what it does. Each sign can be asked for alone too, and then
// the rule of that sign answers; together they are privileged mode, by whatever flags it came about.
struct Signs {
  bool all_capabilities;
  bool all_devices;
  bool nothing_masked;
  bool no_seccomp;
  bool writable_sysfs;

  [[nodiscard]] int count() const {
    return int{all_capabilities} + int{all_devices} + int{nothing_masked} + int{no_seccomp} + int{writable_sysfs};
  }
  [[nodiscard]] bool privileged() const { return count() >= 3 || (all_capabilities && nothing_masked); }
};

bool has_all_capabilities(oci::CapabilitySet set) {
  // "All" differs by kernel (38 to 41); the ones that make root what it is do not.
  static const oci::CapabilitySet kRootsOwn = {"SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_PTRACE",
                                               "SYS_BOOT",  "NET_ADMIN",  "MAC_ADMIN", "DAC_READ_SEARCH"};
  return set.includes(kRootsOwn);
}

bool is_sysfs(const oci::Mount& mount) { return mount.type == "sysfs"; }

Signs signs_of(const oci::Spec& spec) {
  const auto rules = spec.resources().devices();
  const auto mounts = spec.mounts();
  return {.all_capabilities = has_all_capabilities(spec.process().all_capabilities()),
          .all_devices =
              std::ranges::any_of(rules, [](const oci::DeviceRule& rule) { return rule.allow && rule.type == "a"; }),
          .nothing_masked = spec.masked_paths().empty() && spec.readonly_paths().empty(),
          .no_seccomp = is_unconfined(spec.seccomp()),
          .writable_sysfs =
              std::ranges::any_of(mounts, [](const oci::Mount& mount) { return is_sysfs(mount) && !mount.has("ro"); })};
}

template <typename List>
oci::Value with_missing(const oci::Strings& given, const List& wanted) {
  oci::Value list = given;
  for (const std::string_view item : wanted)
    if (std::ranges::find(given, item) == given.end()) list.push_back(item);
  return list;
}

constexpr auto kReason = "privileged mode is taken back: as in an ordinary container";

void strip_capabilities(Verdict& verdict, const oci::Process& process, const oci::Pointer& where,
                        const oci::Value& document) {
  for (const std::string_view set : oci::kCapabilitySets) {
    const auto given = process.capabilities(set);
    if (!given) continue;
    oci::Value kept = oci::Value::array();
    for (const std::string& name : *given)
      if (const auto capability = oci::parse_capability(name); capability && engine_capabilities().has(*capability))
        kept.push_back(name);
    verdict.set(document, where / "capabilities" / std::string(set), std::move(kept), kReason);
  }
}

void strip_devices(Verdict& verdict, const oci::Spec& spec) {
  oci::Value rules = oci::Value::array({{{"allow", false}, {"access", "rwm"}}});
  for (const StandardDevice& device : kStandardDevices) {
    oci::Value rule = {{"allow", true}, {"type", device.type}, {"major", device.major}, {"access", "rw"}};
    if (device.minor >= 0) rule["minor"] = device.minor;
    rules.push_back(std::move(rule));
  }
  verdict.set(spec.value(), oci::Pointer("/linux/resources/devices"), std::move(rules), kReason);
  verdict.remove(spec.value(), oci::Pointer("/linux/devices"), kReason);
}

void strip_paths(Verdict& verdict, const oci::Spec& spec) {
  verdict.set(spec.value(), oci::Pointer("/linux/maskedPaths"), with_missing(spec.masked_paths(), kEngineMaskedPaths),
              kReason);
  verdict.set(spec.value(), oci::Pointer("/linux/readonlyPaths"),
              with_missing(spec.readonly_paths(), kEngineReadonlyPaths), kReason);
}

void strip_unconfined(Verdict& verdict, const oci::Spec& spec, const Context& ctx) {
  if (is_unconfined(spec.seccomp()) && ctx.seccomp_baseline != nullptr)
    verdict.set(spec.value(), oci::Pointer("/linux/seccomp"),
                seccomp_filter(ctx, spec.process().capability_set("bounding") & engine_capabilities(), nullptr).json,
                kReason);
  if (spec.process().apparmor_profile() == "unconfined")
    verdict.remove(spec.value(), oci::Pointer("/process/apparmorProfile"), kReason);
}

}  // namespace

Verdict refuse_privileged(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  if (!signs_of(spec).privileged()) return verdict;
  if (ctx.refuses(policy::RuleId::privileged)) {
    verdict.refuse(oci::Pointer("/process/capabilities"), "a privileged container",
                   "drop --privileged and ask for what is needed with --cap-add or --device, or use a runtime that an "
                   "administrator set up for it");
    return verdict;
  }
  strip_capabilities(verdict, spec.process(), oci::Pointer("/process"), spec.value());
  strip_devices(verdict, spec);
  strip_paths(verdict, spec);
  strip_unconfined(verdict, spec, ctx);
  return verdict;
}

// `docker exec --privileged` brings back all capabilities and, where there is AppArmor, "unconfined".
Verdict refuse_privileged_exec(const oci::Process& process, const Context& ctx) {
  Verdict verdict;
  if (!has_all_capabilities(process.all_capabilities())) return verdict;
  if (ctx.first != nullptr && has_all_capabilities(ctx.first->all_capabilities())) return verdict;
  if (ctx.refuses(policy::RuleId::privileged)) {
    verdict.refuse(oci::Pointer("/capabilities"), "a privileged exec",
                   "drop --privileged: a process can't get more than the container was started with");
    return verdict;
  }
  strip_capabilities(verdict, process, oci::Pointer(), process.value());
  if (process.apparmor_profile() == "unconfined")
    verdict.remove(process.value(), oci::Pointer("/apparmorProfile"), kReason);
  return verdict;
}

}  // namespace runward::harden::steps

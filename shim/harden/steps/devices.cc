// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "shim/harden/engine_defaults.h"
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

using policy::RuleId;

constexpr auto kAdvice =
    "drop --device and --device-cgroup-rule, or have the device added to the profile's devices.allowed";

// By type and numbers: the path in the container is the user's to choose (--device /dev/sda:/dev/fuse).
bool is_allowed(std::string_view type, std::int64_t major, std::int64_t minor, const Context& ctx) {
  return is_standard_device(type, major, minor) ||
         std::ranges::any_of(ctx.host.allowed_devices, [&](const oci::Device& device) {
           return device.type == type && device.major == major && device.minor == minor;
         });
}

void check_nodes(Verdict& verdict, const oci::Spec& spec, const Context& ctx) {
  const auto devices = spec.devices();
  for (std::size_t i = devices.size(); i-- > 0;) {
    // The runtime makes a container's console out of its own terminal: as a node of the host it is the host's.
    const bool is_host_console = devices[i].type == "c" && devices[i].major == 5 && devices[i].minor == 1;
    if (!is_host_console && is_allowed(devices[i].type, devices[i].major, devices[i].minor, ctx)) continue;
    const oci::Pointer where = oci::Pointer("/linux/devices") / i;
    if (ctx.refuses(RuleId::devices))
      verdict.refuse(where, "device " + quote(devices[i].path), kAdvice);
    else
      verdict.remove(spec.value(), where, "a device that the profile does not list");
  }
}

bool may_use(const oci::DeviceRule& rule, const Context& ctx) {
  return !is_wildcard(rule) && is_allowed(rule.type, rule.major, rule.minor, ctx);
}

// Some engines let every container make any node (mknod) without using it.
bool is_engines_own(const oci::DeviceRule& rule) { return rule.access == "m"; }

std::string described(const oci::DeviceRule& rule) {
  const auto number = [](std::int64_t value) { return value < 0 ? std::string("*") : std::to_string(value); };
  return quote(rule.type + " " + number(rule.major) + ":" + number(rule.minor) + " " + rule.access);
}

void check_rules(Verdict& verdict, const oci::Spec& spec, const Context& ctx) {
  const auto rules = spec.resources().devices();
  const oci::Pointer list("/linux/resources/devices");
  for (std::size_t i = rules.size(); i-- > 0;) {
    if (!rules[i].allow) continue;
    const oci::Pointer where = list / i;
    if (!may_use(rules[i], ctx)) {
      if (!is_engines_own(rules[i]) && ctx.refuses(RuleId::devices))
        verdict.refuse(where, "device access " + described(rules[i]), kAdvice);
      else
        verdict.remove(spec.value(), where, "access that the profile does not list");
      continue;
    }
    std::string access = rules[i].access;
    std::erase(access, 'm');
    if (access.empty())
      verdict.remove(spec.value(), where, "no mknod: the runtime makes the nodes");
    else if (access != rules[i].access)
      verdict.set(spec.value(), where / "access", access, "no mknod: the runtime makes the nodes");
  }
  const bool starts_closed = !rules.empty() && !rules.front().allow && rules.front().type == "a";
  if (!starts_closed) verdict.insert(list, 0, {{"allow", false}, {"access", "rwm"}}, "what is not listed is denied");
}

}  // namespace

Verdict limit_devices(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  check_rules(verdict, spec, ctx);
  check_nodes(verdict, spec, ctx);
  return verdict;
}

// crun takes device rules from an update, runc does not, and no engine sends any.
Verdict keep_devices(const oci::LinuxResources& resources, const Context& ctx) {
  Verdict verdict;
  if (ctx.call.update)
    verdict.remove(resources.value(), oci::Pointer("/devices"), "what a container may use is decided when it starts");
  return verdict;
}

}  // namespace runward::harden::steps

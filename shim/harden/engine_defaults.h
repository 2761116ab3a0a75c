// SPDX-License-Identifier: Apache-2.0
#pragma once

// What engines give to every container without being asked. What goes beyond it, a user asked for.

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "shim/oci/spec.h"

namespace runward::harden {

// Docker, containerd, CRI-O and Podman agree on subsets of these fourteen (moby oci/caps/defaults.go).
inline const oci::CapabilitySet& engine_capabilities() {
  static const oci::CapabilitySet kDefault = {
      "CHOWN",  "DAC_OVERRIDE", "FSETID",  "FOWNER",           "MKNOD",      "NET_RAW", "SETGID",
      "SETUID", "SETFCAP",      "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL",    "AUDIT_WRITE"};
  return kDefault;
}

// Podman's default set, within Docker's: who has all of these chose none of them.
inline const oci::CapabilitySet& common_engine_capabilities() {
  static const oci::CapabilitySet kCommon = {"CHOWN",   "DAC_OVERRIDE",     "FOWNER",    "FSETID",
                                             "KILL",    "NET_BIND_SERVICE", "SETFCAP",   "SETGID",
                                             "SETPCAP", "SETUID",           "SYS_CHROOT"};
  return kCommon;
}

// moby oci/defaults.go and containerd oci/spec.go, of all versions at hand together.
inline constexpr std::array<std::string_view, 12> kEngineMaskedPaths = {
    "/proc/asound",        "/proc/acpi",       "/proc/kcore",       "/proc/keys",
    "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
    "/proc/scsi",          "/sys/firmware",    "/proc/interrupts",  "/sys/devices/virtual/powercap"};
inline constexpr std::array<std::string_view, 5> kEngineReadonlyPaths = {"/proc/bus", "/proc/fs", "/proc/irq",
                                                                         "/proc/sys", "/proc/sysrq-trigger"};

// The device nodes of every container (config-linux.md, Default Devices), by number; minor −1: all of that major.
struct StandardDevice {
  std::string_view type;
  std::int64_t major;
  std::int64_t minor;
};
inline constexpr std::array kStandardDevices = {
    StandardDevice{"c", 1, 3},     // /dev/null
    StandardDevice{"c", 1, 5},     // /dev/zero
    StandardDevice{"c", 1, 7},     // /dev/full
    StandardDevice{"c", 1, 8},     // /dev/random
    StandardDevice{"c", 1, 9},     // /dev/urandom
    StandardDevice{"c", 5, 0},     // /dev/tty
    StandardDevice{"c", 5, 1},     // /dev/console
    StandardDevice{"c", 5, 2},     // /dev/ptmx
    StandardDevice{"c", 136, -1},  // /dev/pts/*
};

inline bool is_standard_device(std::string_view type, std::int64_t major, std::int64_t minor) {
  return std::ranges::any_of(kStandardDevices, [&](const StandardDevice& device) {
    return device.type == type && device.major == major && (device.minor == minor || device.minor == -1);
  });
}

inline bool is_wildcard(const oci::DeviceRule& rule) {
  return (rule.type != "c" && rule.type != "b") || rule.major < 0 || (rule.minor < 0 && rule.major != 136);
}

// A filter that lets through what it does not name is none.
inline bool is_unconfined(const oci::Value* seccomp) {
  if (seccomp == nullptr) return true;
  const oci::Value* const action = oci::find(*seccomp, "defaultAction");
  if (action == nullptr) return true;
  constexpr std::array<std::string_view, 5> kStops = {"SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS",
                                                      "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP"};
  return std::ranges::find(kStops, action->get_ref<const std::string&>()) == kStops.end();
}

}  // namespace runward::harden

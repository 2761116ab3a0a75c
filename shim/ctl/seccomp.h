// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl seccomp show|diff|check|eval`: what a seccomp filter lets through. A FILTER is the baseline of a
// hardening profile, by the profile's name, "docker" (Docker's own default), or a file in OCI's or moby's form.

#include <array>
#include <string>

#include "seccomp/profile.h"
#include "shim/ctl/command.h"

namespace runward::ctl {

Result<int> run_seccomp(const Given& given);

// The summary that `show` prints: counts, conditions, calls of known attacks, against Docker's default.
std::string seccomp_summary(const seccomp::Profile& profile);

inline constexpr std::array kSeccompOptions = {
    OptionRow{"cap", "CAPABILITY", "for a container with it; may be given again", true},
    OptionRow{"arch", "NAME", "for this architecture (SCMP_ARCH_AARCH64); the machine's own"},
    kJsonOption,
    kConfigDirOption,
};
inline constexpr Command kSeccompCommand{.name = "seccomp",
                                         .summary = "what a seccomp filter lets through",
                                         .argument = "show|diff|check|eval FILTER…",
                                         .options = kSeccompOptions,
                                         .run = &run_seccomp,
                                         .takes_many = true};

}  // namespace runward::ctl

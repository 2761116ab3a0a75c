// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl doctor`: looks at the host, says what is not as it should be and how to mend it; with --try it also goes
// the ways around runward. The pieces lie in doctor/: facts.h, probes.h (effects), judges.h (pure), checks.cc (the
// table).

#include <array>
#include <vector>

#include "shim/ctl/command.h"
#include "shim/ctl/doctor/check.h"
#include "shim/oci/value.h"

namespace runward::ctl {

inline constexpr int kExitWarning = 1;
inline constexpr int kExitFail = 2;

// {"version", "worst", "lines": [{"check", "title", "level", "subject", "reason", "mend"}]}, in the order of the table.
oci::Value examination(const doctor::Facts& facts);

int exit_code_of(const oci::Value& examination);

Result<int> run_doctor(const Given& given);

inline constexpr std::array kDoctorOptions = {
    OptionRow{"try", "", "prove the ways around by going them: starts throw-away containers, and removes them"},
    OptionRow{"host", "ADDRESS", "the Docker Engine's address (DOCKER_HOST, else unix:///var/run/docker.sock)"},
    OptionRow{"image", "IMAGE", "with --try: the image to use, with a shell in it (one made of busybox)"},
    kJsonOption,
    kConfigDirOption,
};
inline constexpr Command kDoctorCommand{.name = "doctor",
                                        .summary = "look for what is wrong or missing on this host",
                                        .argument = "",
                                        .options = kDoctorOptions,
                                        .run = &run_doctor};

}  // namespace runward::ctl

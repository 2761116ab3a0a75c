// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl events`: what runward decided, from its events file.

#include <array>
#include <optional>
#include <string>

#include "shim/ctl/command.h"
#include "shim/oci/value.h"

namespace runward::ctl {

struct EventFilter {
  std::optional<std::string> container;  // an id, or how it begins
  std::optional<std::string> decision;
};

bool is_wanted(const oci::Value& event, const EventFilter& filter);

// "2026-11-22 08:09:41  refused  3f2a5b6c7d8e  create  default  <why>", and a newline.
std::string describe_event(const oci::Value& event);

Result<int> run_events(const Given& given);

inline constexpr std::array kEventsOptions = {
    OptionRow{"container", "ID", "only of the container whose id begins so"},
    OptionRow{"decision", "WORD", "only these: allowed, refused, error"},
    OptionRow{"follow", "", "go on with what is written from now on"},
    kJsonOption,
    OptionRow{"file", "FILE", "read FILE in place of the configured one"},
    kConfigDirOption,
};
inline constexpr Command kEventsCommand{.name = "events",
                                        .summary = "list what was decided about containers",
                                        .argument = "",
                                        .options = kEventsOptions,
                                        .run = &run_events};

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The event of one governed call: exactly one line, whatever came of it.

#include <string>

#include "shim/harden/event.h"
#include "shim/policy/config.h"
#include "shim/runtime/command_line.h"

namespace runward {

class EventWriter {
 public:
  EventWriter(const runtime::Invocation& call, policy::Events where);

  harden::EventContext context;  // what becomes known on the way: image, profile, …

  // An error only where the policy requires events.
  [[nodiscard]] Status decided(const harden::Report& report, const policy::Policy& policy);
  // The error for the engine; its own event is written unless one was.
  [[nodiscard]] Error failed(Error error);

 private:
  [[nodiscard]] Status write(const std::string& line);

  policy::Events where_;
  bool written_ = false;
};

}  // namespace runward

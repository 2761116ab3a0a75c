// SPDX-License-Identifier: Apache-2.0
#include "shim/event_writer.h"

#include <chrono>

#include "shim/base/file.h"
#include "shim/host/probe.h"

namespace runward {

EventWriter::EventWriter(const runtime::Invocation& call, policy::Events where)
    : context{.time = std::chrono::system_clock::now(),
              .engine = host::engine_namespace_of(call.root),
              .container = call.container_id,
              .image = {},
              .bundle = call.bundle,
              .command = call.command_name,
              .profile = {},
              .selected = {},
              .policy_hash = {}},
      where_(std::move(where)) {}

Status EventWriter::decided(const harden::Report& report, const policy::Policy& policy) {
  return write(harden::event_line(context, report, policy));
}

Error EventWriter::failed(Error error) {
  if (written_) return error;
  const Status written = write(harden::error_event_line(context, error.message));
  return written ? error : in_context(error.message, written.error());
}

Status EventWriter::write(const std::string& line) {
  written_ = true;
  if (where_.file.empty()) return ok();
  Status appended = append_line(where_.file, line);
  if (appended || !where_.required) return ok();
  return in_context("the event could not be written, and events.required is set", std::move(appended).error());
}

}  // namespace runward

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Events: what was decided, one JSON object a line, for Fluentd, Loki, jq and `runwardctl events`. Members:
//   time (RFC 3339, UTC) · engine (its namespace) · container · image, if known · bundle · command · profile · selected
//   (why this profile) · policy_hash · decision ("allowed", "refused", "error") · message, when it did not start ·
//   rules: [{rule, mode, findings: [{severity, pointer, message}],
//            changes: [{operation, pointer, before, after, reason}]}]
// No value of an environment variable and no argument of the process is ever in it.

#include <chrono>
#include <string>

#include "shim/harden/pipeline.h"

namespace runward::harden {

struct EventContext {
  std::chrono::system_clock::time_point time;
  std::string engine;
  std::string container;
  std::string image;
  std::string bundle;
  std::string command;
  std::string profile;
  std::string selected;
  std::string policy_hash;
};

// With the newline.
std::string event_line(const EventContext& context, const Report& report, const policy::Policy& policy);
// For a call that ended before its document could be judged.
std::string error_event_line(const EventContext& context, const std::string& message);

oci::Value to_json(const Outcome& outcome, const std::string& profile);

// "2026-11-22T08:09:41.123456789Z"
std::string rfc3339(std::chrono::system_clock::time_point time);

}  // namespace runward::harden

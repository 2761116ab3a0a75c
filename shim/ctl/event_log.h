// SPDX-License-Identifier: Apache-2.0
#pragma once

// The events file (runward-events(5)), a JSON object a line, read line by line. A line that is none, as a full disk
// leaves them, is passed over.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "shim/base/result.h"
#include "shim/base/unique_fd.h"
#include "shim/oci/value.h"

namespace runward::ctl {

std::optional<oci::Value> parse_event(std::string_view line);

// A member's text; empty when it is absent or something else.
std::string text_of(const oci::Value& event, const char* member);

class EventLog {
 public:
  // An error when there is no such file.
  static Result<EventLog> open(const std::string& path);

  // Every whole line from where the last call ended. False once the file is no longer the one at its path and wholly
  // read: it was rotated, open it again.
  Result<bool> read(const std::function<void(std::string_view line)>& each);

 private:
  EventLog(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  [[nodiscard]] bool is_current() const;

  std::string path_;
  UniqueFd fd_;
  std::string rest_;  // of a line that is not yet whole
};

}  // namespace runward::ctl

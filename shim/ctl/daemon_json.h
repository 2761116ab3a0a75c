// SPDX-License-Identifier: Apache-2.0
#pragma once

// Docker's daemon.json with and without our runtimes, text to text. What is not ours keeps every byte.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shim/base/result.h"

namespace runward::ctl {

struct RuntimeEntry {
  std::string name;
  std::string path;
  friend bool operator==(const RuntimeEntry&, const RuntimeEntry&) = default;
};

struct Registration {
  std::vector<RuntimeEntry> runtimes;
  std::optional<std::string> default_runtime;  // absent: left as it is
};

// `text` may be empty, as a file that is missing. Refused, with its position: what does not parse, duplicate keys, a
// member of another type than dockerd expects, an entry of that name that is more than a path.
Result<std::string> add_runtimes(std::string_view text, std::string_view name, const Registration& registration);

// Removes the runtimes of these names; a default-runtime that is one of them gets its value in `before` (the text
// before add_runtimes, if it is known) again. Gives `before` itself when nothing else changed since.
Result<std::string> remove_runtimes(std::string_view text, std::string_view name, const std::vector<std::string>& names,
                                    const std::optional<std::string>& before);

// Those of `names` that are registered.
Result<std::vector<RuntimeEntry>> registered(std::string_view text, std::string_view name,
                                             const std::vector<std::string>& names);

// The value of a text member; nothing when it is absent.
std::optional<std::string> daemon_setting(std::string_view text, std::string_view key);

}  // namespace runward::ctl

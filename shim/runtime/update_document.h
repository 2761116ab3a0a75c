// SPDX-License-Identifier: Apache-2.0
#pragma once

// The resources document of an `update`: in a file, on stdin, or made of the call's flags, as runc makes it
// (update.go). Whichever it was, the low-level runtime gets our print of it on stdin and none of those flags.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shim/base/result.h"
#include "shim/oci/value.h"
#include "shim/runtime/command_line.h"

namespace runward::runtime {

// Which file the document is in; "-" is stdin. Nothing: the flags are the document.
std::optional<std::string> resources_file(const Invocation& call);

// An error of kind usage for a value that is none.
Result<oci::Value> resources_from_flags(const Invocation& call);

// Takes members that are null out of objects, at any depth. To Go they are absent, but not to runc: it takes the null
// of "pids" or "cpu" for a pointer and ends with a panic.
void drop_nulls(oci::Value& document);

// The call with `--resources=-`.
std::vector<std::string> with_resources_on_stdin(const Invocation& call, const std::vector<std::string>& argv);

// "64m", "1GiB", "-1": bytes as the flags of runc and Docker take them, in powers of 1024; nothing when it is none.
std::optional<std::int64_t> parse_bytes(std::string_view text);

}  // namespace runward::runtime

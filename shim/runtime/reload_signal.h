// SPDX-License-Identifier: Apache-2.0
#pragma once

// The signals by which programs are told to read their files again: SIGHUP, SIGUSR1, SIGUSR2.

#include <string_view>

namespace runward::runtime {

// `signal` as runc's `kill` takes it: a number, or a name in any case, with or without "SIG". Engines send numbers.
bool tells_to_reload(std::string_view signal);

}  // namespace runward::runtime

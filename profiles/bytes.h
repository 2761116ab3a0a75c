// SPDX-License-Identifier: Apache-2.0
#pragma once

// Names of files and programs are bytes; JSON, reports and terminals want text. to_text keeps what is UTF-8, and
// writes every other byte, control characters and the backslash as \xNN: nothing in it can end a line or command a
// terminal, and from_text gives the bytes back.
//
//   to_text("a\nb\xff") == R"(a\x0ab\xff)"

#include <optional>
#include <string>
#include <string_view>

namespace runward::profiles {

std::string to_text(std::string_view bytes);
// Nothing when there is a backslash that begins no \xNN.
std::optional<std::string> from_text(std::string_view text);

}  // namespace runward::profiles

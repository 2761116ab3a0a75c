// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tables of text for people: columns in line, long cells wrapped between words.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace runward::ctl {

struct Table {
  std::vector<std::string> header;  // may be empty
  std::vector<std::vector<std::string>> rows;
  std::size_t widest = 100;  // of one column
};

std::string render(const Table& table);

// What a container or a file says must not steer the terminal: control characters become '?'.
std::string printable(std::string_view text);

// Text at the beginning of each of its lines.
std::string indented(std::string_view text, std::string_view by);

// To stdout.
void print(std::string_view text);

// A line on stderr, with the program's name in front.
void complain(std::string_view message);

// In capitals' stead on a terminal: bold, and red for what is wrong; plain text elsewhere.
enum class Emphasis { heading, wrong, right };
std::string emphasise(std::string_view text, Emphasis emphasis);

}  // namespace runward::ctl

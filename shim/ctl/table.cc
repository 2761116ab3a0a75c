// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/table.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace runward::ctl {
namespace {

using Lines = std::vector<std::string>;

// In characters: the bytes that do not continue one.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U; }));
}

void wrap_line(std::string_view line, std::size_t widest, Lines& lines) {
  std::string current;
  while (!line.empty()) {
    const std::size_t space = line.find(' ', 1);  // a leading space belongs to its word
    const std::string_view word = line.substr(0, space);
    line.remove_prefix(word.size());
    if (!current.empty() && width_of(current) + width_of(word) > widest) {
      lines.push_back(std::move(current));
      current = word.starts_with(' ') ? word.substr(1) : word;
    } else {
      current += word;
    }
  }
  lines.push_back(std::move(current));
}

Lines wrap(std::string_view cell, std::size_t widest) {
  Lines lines;
  for (;;) {
    const std::size_t end = cell.find('\n');
    wrap_line(cell.substr(0, end), widest, lines);
    if (end == std::string_view::npos) return lines;
    cell.remove_prefix(end + 1);
  }
}

void append_row(const std::vector<Lines>& row, const std::vector<std::size_t>& widths, std::string& text) {
  std::size_t height = 0;
  for (const Lines& cell : row) height = std::max(height, cell.size());
  for (std::size_t at = 0; at < height; ++at) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) {
      const std::string cell = at < row[column].size() ? row[column][at] : "";
      line += cell + std::string(widths[column] - width_of(cell) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
}

}  // namespace

std::string render(const Table& table) {
  std::vector<std::vector<Lines>> rows;
  std::vector<std::size_t> widths;
  const auto add = [&](const std::vector<std::string>& cells) {
    std::vector<Lines>& row = rows.emplace_back();
    widths.resize(std::max(widths.size(), cells.size()));
    for (std::size_t column = 0; column < cells.size(); ++column) {
      row.push_back(wrap(cells[column], table.widest));
      for (const std::string& line : row.back()) widths[column] = std::max(widths[column], width_of(line));
    }
  };
  if (!table.header.empty()) add(table.header);
  for (const auto& cells : table.rows) add(cells);
  std::string text;
  for (const auto& row : rows) append_row(row, widths, text);
  return text;
}

std::string printable(std::string_view text) {
  std::string result(text);
  std::ranges::replace_if(
      result, [](char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }, '?');
  return result;
}

std::string indented(std::string_view text, std::string_view by) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    result.append(by).append(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
  }
  return result;
}

// Whether it was written, main asks once, at the end.
void print(std::string_view text) { static_cast<void>(std::fwrite(text.data(), 1, text.size(), stdout)); }

void complain(std::string_view message) {
  const std::string line = "runwardctl: " + std::string(message) + "\n";
  static_cast<void>(std::fwrite(line.data(), 1, line.size(), stderr));  // nobody is left to tell
}

std::string emphasise(std::string_view text, Emphasis emphasis) {
  if (::isatty(STDOUT_FILENO) == 0) return std::string(text);
  const auto with = [&](std::string_view code) { return std::string(code) + std::string(text) + "\033[0m"; };
  switch (emphasis) {
    case Emphasis::heading:
      return with("\033[1m");
    case Emphasis::wrong:
      return with("\033[1;31m");
    case Emphasis::right:
      return with("\033[32m");
  }
  return std::string(text);
}

}  // namespace runward::ctl

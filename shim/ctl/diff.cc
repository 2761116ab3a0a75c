// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/diff.h"

#include <algorithm>
#include <vector>

namespace runward::ctl {
namespace {

constexpr std::size_t kContext = 3;

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

struct Edit {
  char sign;  // ' ', '-' or '+'
  std::string_view line;
};

// By the longest common subsequence: quadratic, and the files have a hundred lines.
std::vector<Edit> edits_between(const Lines& before, const Lines& after) {
  std::vector<std::vector<std::size_t>> common(before.size() + 1, std::vector<std::size_t>(after.size() + 1));
  for (std::size_t i = before.size(); i-- > 0;)
    for (std::size_t j = after.size(); j-- > 0;)
      common[i][j] = before[i] == after[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
  std::vector<Edit> edits;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < before.size() || j < after.size()) {
    if (i < before.size() && j < after.size() && before[i] == after[j]) {
      edits.push_back({' ', before[i++]});
      ++j;
    } else if (i < before.size() && (j == after.size() || common[i + 1][j] >= common[i][j + 1])) {
      edits.push_back({'-', before[i++]});
    } else {
      edits.push_back({'+', after[j++]});
    }
  }
  return edits;
}

bool is_near_change(const std::vector<Edit>& edits, std::size_t at) {
  const std::size_t begin = at < kContext ? 0 : at - kContext;
  const std::size_t end = std::min(edits.size(), at + kContext + 1);
  for (std::size_t i = begin; i < end; ++i)
    if (edits[i].sign != ' ') return true;
  return false;
}

struct Hunk {
  std::size_t before_line = 0;
  std::size_t before_count = 0;
  std::size_t after_line = 0;
  std::size_t after_count = 0;
  std::string lines;

  [[nodiscard]] std::string text() const {
    const auto range = [](char sign, std::size_t line, std::size_t count) {
      return sign + std::to_string(count == 0 ? line - 1 : line) + "," + std::to_string(count);
    };
    return "@@ " + range('-', before_line, before_count) + " " + range('+', after_line, after_count) + " @@\n" + lines;
  }
};

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_name,
                         std::string_view after_name) {
  if (before == after) return "";
  const std::vector<Edit> edits = edits_between(lines_of(before), lines_of(after));
  std::string text = std::string("--- ").append(before_name).append("\n+++ ").append(after_name).append("\n");
  std::size_t before_line = 1;
  std::size_t after_line = 1;
  Hunk hunk;
  const auto flush = [&] {
    if (!hunk.lines.empty()) text += hunk.text();
    hunk = {};
  };
  for (std::size_t at = 0; at < edits.size(); ++at) {
    const Edit& edit = edits[at];
    if (!is_near_change(edits, at)) {
      flush();
    } else {
      if (hunk.lines.empty()) hunk = {before_line, 0, after_line, 0, {}};
      hunk.lines.append(1, edit.sign).append(edit.line).append("\n");
      hunk.before_count += edit.sign != '+' ? 1 : 0;
      hunk.after_count += edit.sign != '-' ? 1 : 0;
    }
    before_line += edit.sign != '+' ? 1 : 0;
    after_line += edit.sign != '-' ? 1 : 0;
  }
  flush();
  return text;
}

}  // namespace runward::ctl

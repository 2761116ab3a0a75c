// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/doctor/uid_pool.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "shim/base/number.h"

namespace runward::ctl::doctor {
namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::uint64_t> number(std::string_view text) { return parse_number<std::uint32_t>(text); }

std::string owner_of(std::string_view file, std::string_view name) {
  return std::string(file) + ": " + std::string(name);
}

}  // namespace

std::vector<IdRange> clashes(const policy::IdPool& pool, std::span<const IdRange> in_use) {
  std::vector<IdRange> found;
  std::ranges::copy_if(in_use, std::back_inserter(found), [&](const IdRange& range) {
    return range.count > 0 && range.first < pool.end() && pool.first < range.first + range.count;
  });
  return found;
}

std::vector<IdRange> parse_subids(std::string_view text, std::string_view file) {
  std::vector<IdRange> ranges;
  for (const std::string_view line : split(text, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() != 3 || line.starts_with('#')) continue;
    const auto first = number(fields[1]);
    const auto count = number(fields[2]);
    if (first && count) ranges.push_back({.owner = owner_of(file, fields[0]), .first = *first, .count = *count});
  }
  return ranges;
}

std::vector<IdRange> parse_accounts(std::string_view text, std::string_view file) {
  std::vector<IdRange> accounts;
  for (const std::string_view line : split(text, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 3 || line.starts_with('#')) continue;
    if (const auto id = number(fields[2])) accounts.push_back({.owner = owner_of(file, fields[0]), .first = *id});
  }
  return accounts;
}

}  // namespace runward::ctl::doctor

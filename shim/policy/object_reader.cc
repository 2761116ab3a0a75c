// SPDX-License-Identifier: Apache-2.0
#include "shim/policy/object_reader.h"

#include <limits>
#include <numeric>

namespace runward::policy {
namespace {

// "/rules/rootfs/scratch/0/path" as a person would write it: rules.rootfs.scratch[0].path
std::string dotted(oci::Pointer pointer) {
  std::vector<std::string> tokens;
  for (; !pointer.empty(); pointer.pop_back()) tokens.push_back(pointer.back());
  std::string text;
  for (auto token = tokens.rbegin(); token != tokens.rend(); ++token) {
    const bool index = !token->empty() && token->find_first_not_of("0123456789") == std::string::npos;
    if (index) {
      text.append("[").append(*token).append("]");
    } else {
      text.append(text.empty() ? "" : ".").append(*token);
    }
  }
  return text;
}

// How many letters have to be put in, left out or replaced to make one text of the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

constexpr std::size_t kLongestNameInMessage = 80;

// A name out of the file for a message: short, and without what could break a line of a log.
std::string quoted(std::string_view name) {
  std::string text(name.substr(0, kLongestNameInMessage));
  for (char& letter : text)
    if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f) letter = '?';
  return "\"" + text + (name.size() > kLongestNameInMessage ? "…\"" : "\"");
}

}  // namespace

void Source::fail(const oci::Pointer& where, std::string_view problem) {
  if (error_) return;
  const oci::TextPosition at = oci::position_of(text_, where, kPolicyFileLimits);
  std::string message(name_);
  message.append(":").append(std::to_string(at.line)).append(":").append(std::to_string(at.column)).append(": ");
  if (!where.empty()) message.append(dotted(where)).append(": ");
  error_ = make_error(ErrorKind::policy, message.append(problem));
}

Status Source::status() const {
  if (error_) return *error_;
  return ok();
}

oci::Pointer Reader::pointer() const {
  if (parent_ == nullptr) return oci::Pointer();
  oci::Pointer pointer = parent_->pointer();
  pointer.push_back(key_);
  return pointer;
}

std::optional<std::string> Reader::text(std::string_view expected) const {
  if (value_->is_string()) return value_->get<std::string>();
  fail(expected);
  return std::nullopt;
}

std::optional<std::uint64_t> Reader::count(std::uint64_t min, std::uint64_t max) const {
  if (value_->is_number_unsigned()) {
    const auto number = value_->get<std::uint64_t>();
    if (number >= min && number <= max) return number;
  }
  std::string problem = "expected a whole number from " + std::to_string(min);
  if (max != std::numeric_limits<std::uint64_t>::max()) problem += " to " + std::to_string(max);
  fail(problem);
  return std::nullopt;
}

void Reader::to(bool& target) const {
  if (!value_->is_boolean()) return fail("expected true or false");
  target = value_->get<bool>();
}

std::string unknown_name(std::string_view what, std::string_view name, std::span<const std::string_view> known) {
  std::string text = "unknown " + std::string(what) + " " + quoted(name);
  // A name as long as a file would take as long as the square of it.
  if (name.size() > kLongestNameInMessage || known.empty()) return text;
  const auto distance = [&](std::string_view candidate) { return edit_distance(name, candidate); };
  const std::string_view nearest = *std::ranges::min_element(known, {}, distance);
  if (distance(nearest) <= std::max<std::size_t>(1, nearest.size() / 3))
    text.append("; did you mean ").append(quoted(nearest)).append("?");
  return text;
}

}  // namespace runward::policy

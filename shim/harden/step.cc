// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/step.h"

#include <algorithm>
#include <utility>

namespace runward::harden {

void Verdict::refuse(oci::Pointer where, std::string what, std::string advice) {
  findings.push_back({Severity::violation, std::move(where), std::move(what), std::move(advice)});
}

void Verdict::notice(oci::Pointer where, std::string what, std::string advice) {
  findings.push_back({Severity::notice, std::move(where), std::move(what), std::move(advice)});
}

void Verdict::set(const oci::Value& document, oci::Pointer where, oci::Value after, std::string reason) {
  const oci::Value* const before = oci::find(document, where);
  if (before != nullptr && *before == after) return;
  changes.push_back({.operation = Operation::set,
                     .where = std::move(where),
                     .before = before == nullptr ? std::nullopt : std::optional<oci::Value>(*before),
                     .after = std::move(after),
                     .reason = std::move(reason)});
}

void Verdict::insert(oci::Pointer array, std::optional<std::size_t> index, oci::Value after, std::string reason) {
  array.push_back(index ? std::to_string(*index) : "-");
  changes.push_back({.operation = Operation::insert,
                     .where = std::move(array),
                     .before = std::nullopt,
                     .after = std::move(after),
                     .reason = std::move(reason)});
}

void Verdict::remove(const oci::Value& document, oci::Pointer where, std::string reason) {
  const oci::Value* const before = oci::find(document, where);
  if (before == nullptr) return;
  changes.push_back({.operation = Operation::remove,
                     .where = std::move(where),
                     .before = *before,
                     .after = std::nullopt,
                     .reason = std::move(reason)});
}

std::string quote(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::size_t end = std::min(text.size(), kLongest);
  // Not in the middle of a character: the bytes that continue one in UTF-8 are 10xxxxxx.
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  std::string result = "'";
  for (const char letter : text.substr(0, end)) {
    const bool plain = static_cast<unsigned char>(letter) >= 0x20 && letter != 0x7f && letter != '\'';
    result += plain ? letter : '?';
  }
  return result + (end < text.size() ? "…'" : "'");
}

}  // namespace runward::harden

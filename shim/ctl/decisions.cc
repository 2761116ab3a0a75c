// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/decisions.h"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "shim/ctl/event_log.h"
#include "shim/ctl/table.h"

namespace runward::ctl {
namespace {

using Texts = std::vector<std::string>;

std::optional<Texts> as_texts(const oci::Value* value) {
  if (value == nullptr) return Texts();
  if (!value->is_array()) return std::nullopt;
  Texts texts;
  for (const oci::Value& item : *value) {
    if (!item.is_string()) return std::nullopt;
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::string difference(const Texts& before, const Texts& after) {
  std::string text;
  const auto add = [&](std::string_view sign, const Texts& from, const Texts& without) {
    for (const std::string& item : from)
      if (std::ranges::find(without, item) == without.end())
        text.append(text.empty() ? "" : " ").append(sign).append(item);
  };
  add("−", before, after);
  add("+", after, before);
  return text.empty() ? "in another order" : printable(text);
}

std::string shortened(const oci::Value* value) {
  constexpr std::size_t kLongest = 120;
  if (value == nullptr) return "nothing";
  std::string text = without_secrets(*value).dump(-1, ' ', false, oci::Value::error_handler_t::replace);
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest;
  while ((static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

const oci::Value& list_of(const oci::Value& object, const char* member) {
  static const oci::Value kNone = oci::Value::array();
  const oci::Value* const list = oci::find(object, std::string_view(member));
  return list != nullptr && list->is_array() ? *list : kNone;
}

std::string describe_finding(const oci::Value& finding, bool is_enforced) {
  const bool is_violation = text_of(finding, "severity") == "violation";
  const std::string_view verdict = !is_violation ? "noticed" : is_enforced ? "refused" : "would be refused";
  return "  " + emphasise(verdict, is_violation ? Emphasis::wrong : Emphasis::heading) + "  " +
         printable(text_of(finding, "pointer")) + "\n      " + printable(text_of(finding, "message")) + "\n";
}

std::string describe_with_reason(const oci::Value& change) {
  const std::string how =
      describe_change(oci::find(change, std::string_view("before")), oci::find(change, std::string_view("after")));
  const Table table{.header = {}, .rows = {{how}}};
  return "  " + printable(text_of(change, "pointer")) + "  (" + printable(text_of(change, "reason")) + ")\n" +
         indented(render(table), "      ");
}

}  // namespace

oci::Value without_secrets(oci::Value value) {
  if (!value.is_structured()) return value;
  for (const char* secret : {"env", "args"})
    if (value.is_object() && value.contains(secret)) value[secret] = "…";
  for (oci::Value& inner : value) inner = without_secrets(std::move(inner));
  return value;
}

std::string describe_change(const oci::Value* before, const oci::Value* after) {
  const auto old_texts = as_texts(before);
  const auto new_texts = as_texts(after);
  const bool are_lists = before != nullptr || after != nullptr;
  if (old_texts && new_texts && are_lists) return difference(*old_texts, *new_texts);
  if (before == nullptr) return "+ " + shortened(after);
  if (after == nullptr) return "− " + shortened(before);
  return shortened(before) + " → " + shortened(after);
}

std::string describe_rules(const oci::Value& rules) {
  std::string text;
  for (const oci::Value& rule : rules) {
    const std::string mode = text_of(rule, "mode");
    const bool is_enforced = mode == "enforce";
    text +=
        emphasise(printable(text_of(rule, "rule")), Emphasis::heading) + (is_enforced ? "" : " (" + mode + ")") + "\n";
    for (const oci::Value& finding : list_of(rule, "findings")) text += describe_finding(finding, is_enforced);
    for (const oci::Value& change : list_of(rule, "changes")) text += describe_with_reason(change);
  }
  return text;
}

std::string changed_rules(const oci::Value& rules) {
  std::string text;
  for (const oci::Value& rule : rules)
    if (!list_of(rule, "changes").empty()) text.append(text.empty() ? "" : ", ").append(text_of(rule, "rule"));
  return printable(text);
}

}  // namespace runward::ctl

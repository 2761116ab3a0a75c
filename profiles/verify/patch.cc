// SPDX-License-Identifier: Apache-2.0
#include "profiles/verify/patch.h"

#include <algorithm>
#include <vector>

#include "apparmor/parse.h"
#include "apparmor/render.h"
#include "profiles/print_json.h"
#include "seccomp/algebra.h"
#include "seccomp/parse.h"
#include "shim/oci/parse.h"
#include "shim/policy/object_reader.h"

namespace runward::profiles {
namespace {

constexpr auto kFilter = "seccomp.json";

// --- a filter -------------------------------------------------------------------------------

// Behind the '[' of the outermost object's "syscalls": strings and comments are stepped over.
class ListFinder {
 public:
  explicit ListFinder(std::string_view text) : text_(text) {}

  std::optional<std::size_t> find() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        const std::string_view word = take_string();
        if (depth_ == 1 && word == "syscalls" && next_is(':')) return next_is('[') ? std::optional(at_) : std::nullopt;
        continue;
      }
      if (skip_comment()) continue;
      if (c == '{' || c == '[') ++depth_;
      if (c == '}' || c == ']') --depth_;
      ++at_;
    }
    return std::nullopt;
  }

 private:
  std::string_view take_string() {
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    const std::size_t end = std::min(at_, text_.size());
    at_ = end + 1;
    return text_.substr(begin, end - begin);
  }

  bool skip_comment() {
    for (const auto& [begin, end] : {std::pair<std::string_view, std::string_view>{"//", "\n"}, {"/*", "*/"}}) {
      if (!text_.substr(at_).starts_with(begin)) continue;
      at_ = std::min(text_.find(end, at_ + begin.size()), text_.size());
      at_ = std::min(at_ + end.size(), text_.size());
      return true;
    }
    return false;
  }

  bool next_is(char mark) {
    while (at_ < text_.size() &&
           (std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos || skip_comment()))
      if (std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
    if (at_ >= text_.size() || text_[at_] != mark) return false;
    ++at_;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

// The white space that the first entry of the list has in front of it.
std::string space_before_entry(std::string_view text, std::size_t list) {
  const std::size_t end = text.find_first_not_of(" \t\r\n", list);
  return std::string(text.substr(list, end == std::string_view::npos ? 0 : end - list));
}

bool is_empty_list(std::string_view text, std::size_t list) {
  const std::size_t next = text.find_first_not_of(" \t\r\n", list);
  return next != std::string_view::npos && text[next] == ']';
}

// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (clone(2)).
constexpr std::string_view kCloneEntry =
    R"({ "names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 2114060288, "op": "SCMP_CMP_MASKED_EQ" }] })";

bool allows(std::string_view text, const std::set<std::string>& calls) {
  const auto json = oci::parse(text, kFilter, policy::kPolicyFileLimits);
  if (!json) return false;
  const auto filter = seccomp::parse_template(*json, kFilter);
  if (!filter) return false;
  const seccomp::Profile profile = filter->resolve({});
  return std::ranges::all_of(
      calls, [&](const std::string& call) { return seccomp::reach_of(profile, call) != seccomp::Reach::never; });
}

// Without the entries that refuse one of the calls by name.
std::optional<std::string> printed_anew(std::string_view text, const std::set<std::string>& calls) {
  auto json = oci::parse(text, kFilter, policy::kPolicyFileLimits);
  if (!json || !json->is_object() || !json->contains("syscalls") || !(*json)["syscalls"].is_array())
    return std::nullopt;
  oci::Value entries = oci::Value::array();
  for (oci::Value& entry : (*json)["syscalls"]) {
    const bool has_names = entry.is_object() && entry.contains("names") && entry["names"].is_array();
    if (has_names) {
      auto& names = entry["names"].get_ref<oci::Value::array_t&>();
      std::erase_if(names, [&](const oci::Value& name) { return name.is_string() && calls.contains(name); });
    }
    if (!has_names || !entry["names"].empty()) entries.push_back(std::move(entry));
  }
  const auto added = oci::parse("[" + allowing_entries(calls) + "]", kFilter);
  if (!added) return std::nullopt;
  for (const oci::Value& entry : *added) entries.push_back(entry);
  (*json)["syscalls"] = std::move(entries);
  return print_json(*json);
}

// --- lines ----------------------------------------------------------------------------------

constexpr std::string_view kNoNewline = "\\ No newline at end of file\n";

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

void add_line(std::string& text, char sign, std::string_view line) {
  text.append(1, sign).append(line);
  if (!line.ends_with('\n')) text.append("\n").append(kNoNewline);
}

// "12,5"; where there are none, the line before them counts.
std::string range(std::size_t begin, std::size_t count) {
  return std::to_string(count == 0 ? begin : begin + 1) + "," + std::to_string(count);
}

}  // namespace

std::string allowing_entries(const std::set<std::string>& calls) {
  std::string names;
  for (const std::string& call : calls)
    if (call != "clone") names.append(names.empty() ? "\"" : ", \"").append(call).append("\"");
  std::string entries;
  if (!names.empty()) entries = R"({ "names": [)" + names + R"(], "action": "SCMP_ACT_ALLOW" })";
  if (calls.contains("clone")) entries.append(entries.empty() ? "" : ", ").append(kCloneEntry);
  return entries;
}

std::optional<std::string> allow_calls(std::string_view text, const std::set<std::string>& calls) {
  const auto list = ListFinder(text).find();
  if (!list) return std::nullopt;
  std::string changed(text);
  const std::string space = space_before_entry(text, *list);
  changed.insert(*list, is_empty_list(text, *list) ? allowing_entries(calls) : space + allowing_entries(calls) + ",");
  if (allows(changed, calls)) return changed;
  auto anew = printed_anew(text, calls);
  return anew && allows(*anew, calls) ? anew : std::nullopt;
}

std::optional<std::string> add_rules(std::string_view text, const std::set<apparmor::Rule>& rules) {
  const auto before = apparmor::parse(text, "apparmor");
  const std::size_t end = text.rfind('}');
  if (!before || end == std::string_view::npos) return std::nullopt;
  std::string added;
  for (const apparmor::Rule& rule : rules) added += "  " + apparmor::render(rule) + "\n";
  std::string changed(text);
  changed.insert(end, end > 0 && text[end - 1] == '\n' ? added : "\n" + added);
  const auto after = apparmor::parse(changed, "apparmor");
  apparmor::Profile wanted = *before;
  for (const apparmor::Rule& rule : rules) wanted.add(rule);
  return after && *after == wanted ? std::optional(changed) : std::nullopt;
}

std::string unified_diff(std::string_view name, std::string_view before, std::string_view after) {
  constexpr std::size_t kAround = 3;
  const auto old_lines = lines_of(before);
  const auto new_lines = lines_of(after);
  const std::size_t shorter = std::min(old_lines.size(), new_lines.size());
  std::size_t first = 0;
  while (first < shorter && old_lines[first] == new_lines[first]) ++first;
  if (first == old_lines.size() && first == new_lines.size()) return "";
  std::size_t same = 0;  // at the end
  while (same < shorter - first && old_lines[old_lines.size() - 1 - same] == new_lines[new_lines.size() - 1 - same])
    ++same;
  const std::size_t begin = first - std::min(first, kAround);
  const std::size_t tail = std::min(same, kAround);
  const std::size_t old_end = old_lines.size() - same;
  const std::size_t new_end = new_lines.size() - same;
  std::string text = "--- a/" + std::string(name) + "\n+++ b/" + std::string(name) + "\n";
  text += "@@ -" + range(begin, old_end + tail - begin) + " +" + range(begin, new_end + tail - begin) + " @@\n";
  for (std::size_t i = begin; i < first; ++i) add_line(text, ' ', old_lines[i]);
  for (std::size_t i = first; i < old_end; ++i) add_line(text, '-', old_lines[i]);
  for (std::size_t i = first; i < new_end; ++i) add_line(text, '+', new_lines[i]);
  for (std::size_t i = old_end; i < old_end + tail; ++i) add_line(text, ' ', old_lines[i]);
  return text;
}

}  // namespace runward::profiles

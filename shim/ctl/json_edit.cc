// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/json_edit.h"

#include <algorithm>
#include <cassert>

namespace runward::ctl {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

struct Member {
  std::string key;
  std::size_t begin = 0;  // of the key's quote
  std::size_t value = 0;
  std::size_t end = 0;  // after the value
};

struct Object {
  std::size_t open = 0;   // its brace
  std::size_t close = 0;  // its brace
  std::vector<Member> members;
};

std::size_t skip_space(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(kSpace, at), text.size());
}

// After the closing quote.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return at + 1;
}

std::size_t end_of_value(std::string_view text, std::size_t at) {
  if (text[at] == '"') return end_of_string(text, at);
  if (text[at] != '{' && text[at] != '[') return std::min(text.find_first_of(",]} \t\r\n", at), text.size());
  std::size_t depth = 0;
  do {
    if (text[at] == '"') {
      at = end_of_string(text, at);
      continue;
    }
    if (text[at] == '{' || text[at] == '[') ++depth;
    if (text[at] == '}' || text[at] == ']') --depth;
    ++at;
  } while (depth > 0);
  return at;
}

Object scan(std::string_view text, std::size_t open) {
  Object object{.open = open, .close = 0, .members = {}};
  std::size_t at = skip_space(text, open + 1);
  while (text[at] != '}') {
    Member member{.key = {}, .begin = at, .value = 0, .end = 0};
    const std::size_t key_end = end_of_string(text, at);
    member.key = OrderedValue::parse(text.substr(at, key_end - at)).get<std::string>();
    member.value = skip_space(text, skip_space(text, key_end) + 1);  // after the colon
    member.end = end_of_value(text, member.value);
    object.members.push_back(std::move(member));
    at = skip_space(text, object.members.back().end);
    if (text[at] == ',') at = skip_space(text, at + 1);
  }
  object.close = at;
  return object;
}

const Member* find_in(const Object& object, const std::string& key) {
  const auto found = std::ranges::find(object.members, key, &Member::key);
  return found == object.members.end() ? nullptr : &*found;
}

Object scan(std::string_view text, const ObjectPath& path) {
  Object object = scan(text, skip_space(text, 0));
  for (const std::string& key : path) {
    const Member* const member = find_in(object, key);
    assert(member != nullptr && text[member->value] == '{');
    object = scan(text, member->value);
  }
  return object;
}

bool has_line_break(std::string_view text) { return text.find('\n') != std::string_view::npos; }

// What stands before the first other character of the line that `at` lies in.
std::string line_indentation(std::string_view text, std::size_t at) {
  const std::size_t line = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 is 0
  return std::string(text.substr(line, std::min(text.find_first_not_of(" \t", line), at) - line));
}

// As it stands in a text: the lines after the first begin with `outer`.
std::string print(const OrderedValue& value, const std::string& step, const std::string& outer, bool on_one_line) {
  if (on_one_line) return value.dump();
  const std::string printed =
      value.dump(static_cast<int>(step.size()), step.front(), false, OrderedValue::error_handler_t::strict);
  std::string text;
  for (const char letter : printed) {
    text += letter;
    if (letter == '\n') text += outer;
  }
  return text;
}

// A text that shows no style of its own: "{}" and nothing else.
bool is_all_on_one_line(std::string_view text, const Object& object) {
  return !object.members.empty() && !has_line_break(text.substr(object.open, object.close - object.open));
}

std::string replaced(std::string_view text, std::size_t begin, std::size_t end, std::string_view by) {
  return std::string(text.substr(0, begin)).append(by).append(text.substr(end));
}

}  // namespace

std::string indentation_of(std::string_view text) {
  constexpr std::string_view kNone = "    ";
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    const std::size_t end = text.find_first_not_of(" \t", at + 1);
    if (end == std::string_view::npos || end == at + 1 || text[end] == '\n' || text[end] == '\r') continue;
    if (text[at + 1] == '\t') return "\t";
    return std::string(text.substr(at + 1, end - at - 1));
  }
  return std::string(kNone);
}

std::string set_member(std::string_view text, const ObjectPath& path, const std::string& key,
                       const OrderedValue& value) {
  const Object object = scan(text, path);
  const std::string step = indentation_of(text);
  const std::string outer = line_indentation(text, object.open);
  const bool on_one_line = is_all_on_one_line(text, object);
  const std::string inner = object.members.empty() ? outer + step : line_indentation(text, object.members.back().begin);
  if (const Member* const member = find_in(object, key))
    return replaced(text, member->value, member->end, print(value, step, inner, on_one_line));
  const std::string added = OrderedValue(key).dump() + ": " + print(value, step, inner, on_one_line);
  if (object.members.empty()) return replaced(text, object.open + 1, object.close, "\n" + inner + added + "\n" + outer);
  const std::size_t end = object.members.back().end;
  return replaced(text, end, end, on_one_line ? ", " + added : ",\n" + inner + added);
}

std::string remove_member(std::string_view text, const ObjectPath& path, const std::string& key) {
  const Object object = scan(text, path);
  const Member* const member = find_in(object, key);
  if (member == nullptr) return std::string(text);
  if (object.members.size() == 1) return replaced(text, object.open + 1, object.close, "");
  if (member == &object.members.front()) return replaced(text, member->begin, object.members[1].begin, "");
  return replaced(text, (member - 1)->end, member->end, "");
}

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/doctor/toml.h"

#include <cctype>

namespace runward::ctl::doctor {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::vector<TomlEntry> read() {
    std::vector<TomlEntry> entries;
    std::vector<std::string> table;
    for (skip_blank(); !at_end(); skip_blank()) {
      if (peek() == '[') {
        table = read_header();
      } else {
        TomlEntry entry{.table = table, .key = {}, .values = {}};
        std::vector<std::string> names = read_names();
        if (!names.empty()) entry.key = names.back();
        // `a.b = …` is key b of the table a below this one.
        for (std::size_t i = 0; i + 1 < names.size(); ++i) entry.table.push_back(names[i]);
        if (take('=')) entry.values = read_values();
        if (!entry.values.empty()) entries.push_back(std::move(entry));
      }
      skip_line();
    }
    return entries;
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }

  void skip_spaces() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }
  void skip_line() {
    while (!at_end() && text_[at_] != '\n') ++at_;
  }
  // Spaces, ends of lines, comments.
  void skip_blank() {
    for (; !at_end(); ++at_) {
      if (peek() == '#') skip_line();
      if (!at_end() && std::isspace(static_cast<unsigned char>(peek())) == 0) return;
    }
  }
  bool take(char wanted) {
    skip_spaces();
    if (peek() != wanted) return false;
    ++at_;
    skip_spaces();
    return true;
  }

  std::string read_quoted() {
    const char quote = text_[at_++];
    std::string text;
    while (!at_end() && peek() != quote && peek() != '\n') {
      if (quote == '"' && peek() == '\\' && at_ + 1 < text_.size()) ++at_;
      text += text_[at_++];
    }
    if (peek() == quote) ++at_;
    return text;
  }

  std::string read_bare() {
    const std::size_t begin = at_;
    while (!at_end() && (std::isalnum(static_cast<unsigned char>(peek())) != 0 || peek() == '_' || peek() == '-'))
      ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::vector<std::string> read_names() {
    std::vector<std::string> names;
    do {
      skip_spaces();
      names.push_back(peek() == '"' || peek() == '\'' ? read_quoted() : read_bare());
    } while (take('.'));
    return names;
  }

  std::vector<std::string> read_header() {
    while (peek() == '[') ++at_;
    return read_names();
  }

  std::vector<std::string> read_values() {
    std::vector<std::string> values;
    if (peek() == '"' || peek() == '\'') return {read_quoted()};
    if (peek() != '[') return values;
    ++at_;
    for (skip_blank(); !at_end() && peek() != ']'; skip_blank()) {
      if (peek() == '"' || peek() == '\'') {
        values.push_back(read_quoted());
      } else {
        ++at_;  // a comma, or what is no string
      }
    }
    return values;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<TomlEntry> parse_toml(std::string_view text) { return Reader(text).read(); }

}  // namespace runward::ctl::doctor

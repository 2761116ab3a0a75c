// SPDX-License-Identifier: Apache-2.0
#include "apparmor/pattern.h"

#include <vector>

namespace runward::apparmor {
namespace {

constexpr std::string_view kGlobs = "*?[]{},^";
constexpr std::size_t kMaxBytes = kMaxPathBytes * 4;  // every byte as \ooo
constexpr std::size_t kDeepestGroup = 40;             // apparmor_parser: 50

constexpr bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
constexpr bool is_plain(char c) {
  return is_alphanumeric(c) || std::string_view("/._-+:=~%& ").find(c) != std::string_view::npos;
}
constexpr bool is_class_member(char c) {
  return is_alphanumeric(c) || std::string_view("_./").find(c) != std::string_view::npos;
}
constexpr bool is_octal(char c) { return c >= '0' && c <= '7'; }

void append_escaped(std::string& text, char c) {
  if (is_plain(c)) {
    text.push_back(c);
    return;
  }
  const auto byte = static_cast<unsigned char>(c);
  text.push_back('\\');
  for (const unsigned shift : {6U, 3U, 0U}) text.push_back(static_cast<char>('0' + ((byte >> shift) & 7U)));
}

Error bad(std::string_view text, const std::string& why) {
  return make_error(ErrorKind::parse, "pattern '" + escape(text.substr(0, 200)) + "': " + why);
}

// Reads what people write and writes the canonical form.
class GlobReader {
 public:
  explicit GlobReader(std::string_view input) : input_(input) {}

  Status read() {
    while (at_ < input_.size()) SHIM_CHECK(read_one());
    return groups_.empty() ? ok() : bad(input_, "'{' without '}'");
  }
  std::string take() { return std::move(text_); }
  [[nodiscard]] bool is_exact() const { return is_exact_; }

 private:
  Status read_one() {
    const char c = input_[at_];
    if (c == '\0') return bad(input_, "a NUL byte");
    if (c == '\\') return read_escape();
    if (c == '@' && next() == '{') return bad(input_, "variables are not supported");
    if (kGlobs.find(c) != std::string_view::npos) return read_glob(c);
    append_escaped(text_, c);
    ++at_;
    return ok();
  }

  [[nodiscard]] char next() const { return at_ + 1 < input_.size() ? input_[at_ + 1] : '\0'; }

  Status read_escape() {
    const std::string_view rest = input_.substr(at_ + 1);
    if (rest.size() >= 3 && is_octal(rest[0]) && is_octal(rest[1]) && is_octal(rest[2])) {
      const int value = (rest[0] - '0') * 64 + (rest[1] - '0') * 8 + (rest[2] - '0');
      if (value == 0 || value > 255) return bad(input_, "an escape that is no byte");
      append_escaped(text_, static_cast<char>(value));
      at_ += 4;
      return ok();
    }
    if (rest.empty() || is_alphanumeric(rest[0]) || rest[0] == '\0') return bad(input_, "an escape that is not \\ooo");
    append_escaped(text_, rest[0]);
    at_ += 2;
    return ok();
  }

  Status read_glob(char c) {
    switch (c) {
      case '[':
        return read_class();
      case ']':
        return bad(input_, "']' without '['");
      case '{':
        if (groups_.size() == kDeepestGroup) return bad(input_, "'{' nested too deeply");
        groups_.push_back(0);
        break;
      case '}':
        if (groups_.empty()) return bad(input_, "'}' without '{'");
        if (groups_.back() == 0) return bad(input_, "'{' with one alternative only");
        groups_.pop_back();
        break;
      case ',':
        if (groups_.empty()) return keep_literally(c);
        ++groups_.back();
        break;
      case '^':  // special in a class only
        return keep_literally(c);
      default:
        break;
    }
    is_exact_ = false;
    text_.push_back(c);
    ++at_;
    return ok();
  }

  Status keep_literally(char c) {
    append_escaped(text_, c);
    ++at_;
    return ok();
  }

  // [abc], [a-z], [^a-z]: only with members that no layer of apparmor_parser reads in another way.
  Status read_class() {
    const std::size_t end = input_.find(']', at_);
    if (end == std::string_view::npos) return bad(input_, "'[' without ']'");
    std::string_view members = input_.substr(at_ + 1, end - at_ - 1);
    if (members.starts_with('^')) members.remove_prefix(1);
    if (members.empty()) return bad(input_, "an empty '[]'");
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (!is_class_member(members[i])) return bad(input_, "in '[]' only letters, digits, '_', '.', '/' and ranges");
      if (i + 1 == members.size() || members[i + 1] != '-') continue;
      if (i + 2 >= members.size() || !is_class_member(members[i + 2]) || members[i + 2] < members[i])
        return bad(input_, "a range in '[]' that is none");
      i += 2;
    }
    is_exact_ = false;
    text_.append(input_.substr(at_, end + 1 - at_));
    at_ = end + 1;
    return ok();
  }

  std::string_view input_;
  std::size_t at_ = 0;
  std::string text_;
  bool is_exact_ = true;
  std::vector<std::size_t> groups_;  // of each open '{': how many commas it has
};

bool has_odd_component(std::string_view path) {
  for (const std::string_view odd : {"//", "/./", "/../"})
    if (path.find(odd) != std::string_view::npos) return true;
  return path.ends_with("/.") || path.ends_with("/..");
}

}  // namespace

std::string escape(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) append_escaped(text, c);
  return text;
}

Result<Pattern> Pattern::glob(std::string_view text) {
  if (text.empty()) return make_error(ErrorKind::parse, "an empty pattern");
  if (text.size() > kMaxBytes) return bad(text, "longer than " + std::to_string(kMaxBytes) + " bytes");
  GlobReader reader(text);
  SHIM_CHECK(reader.read());
  std::string canonical = reader.take();
  if (canonical.size() > kMaxBytes) return bad(text, "longer than " + std::to_string(kMaxBytes) + " bytes");
  return Pattern(std::move(canonical), reader.is_exact());
}

Result<Pattern> exact_path(std::string_view path) {
  if (!path.starts_with('/')) return bad(path, "not an absolute path");
  if (path.size() > kMaxPathBytes) return bad(path, "longer than " + std::to_string(kMaxPathBytes) + " bytes");
  if (path.find('\0') != std::string_view::npos) return bad(path, "a NUL byte");
  if (has_odd_component(path)) return bad(path, "a component that is empty, '.' or '..'");
  return Pattern(escape(path), true);
}

Decoded decode(std::string_view canonical, std::size_t at) {
  if (canonical[at] != '\\')
    return {.byte = static_cast<unsigned char>(canonical[at]), .length = 1, .is_escaped = false};
  const auto digit = [&](std::size_t i) { return static_cast<unsigned>(canonical[at + i] - '0'); };
  return {.byte = static_cast<unsigned char>(digit(1) * 64 + digit(2) * 8 + digit(3)), .length = 4, .is_escaped = true};
}

}  // namespace runward::apparmor

// SPDX-License-Identifier: Apache-2.0
#include "apparmor/parse.h"

#include <algorithm>

#include "apparmor/words.h"
#include "shim/base/number.h"

namespace runward::apparmor {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{4} << 20U;
constexpr std::size_t kMaxRules = 100'000;

template <typename Table>
bool knows(const Table& table, std::string_view word) {
  return std::ranges::find(table, word) != table.end();
}

// "rtmin+0" … "rtmin+32"
bool is_real_time_signal(std::string_view word) {
  constexpr std::string_view kPrefix = "rtmin+";
  constexpr unsigned kLast = 32;
  if (!word.starts_with(kPrefix)) return false;
  const auto number = parse_number<unsigned>(word.substr(kPrefix.size()));
  return number && *number <= kLast;
}

// Words, patterns and marks, one after the other.
class Scanner {
 public:
  Scanner(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  [[nodiscard]] Error fail(const std::string& what) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    return make_error(ErrorKind::parse, std::string(name_) + ":" + std::to_string(line) + ": " + what);
  }

  // Behind white space and comments. `#include` is no comment.
  void skip() {
    while (at_ < text_.size()) {
      if (is_space(text_[at_])) {
        ++at_;
      } else if (text_[at_] == '#' && !text_.substr(at_).starts_with("#include")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        return;
      }
    }
  }

  bool at_end() {
    skip();
    return at_ == text_.size();
  }
  char peek() {
    skip();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(std::string_view mark) {
    skip();
    if (!text_.substr(at_).starts_with(mark)) return false;
    at_ += mark.size();
    return true;
  }
  Status expect(std::string_view mark) {
    return accept(mark) ? ok() : Status(fail("expected '" + std::string(mark) + "'"));
  }

  // Letters, digits and "_+.-"; empty when there is none.
  std::string word() {
    skip();
    const std::size_t start = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }
  bool accept_word(std::string_view wanted) {
    const std::size_t start = at_;
    if (word() == wanted) return true;
    at_ = start;
    return false;
  }

  Result<Pattern> pattern() {
    skip();
    SHIM_TRY(const std::string_view text, peek() == '"' ? until_quote() : Result<std::string_view>(bare()));
    auto pattern = Pattern::glob(text);
    return pattern ? std::move(pattern) : fail(pattern.error().message);
  }

  // What stands between two marks on one line, as it is.
  Result<std::string> between(char open, char close) {
    SHIM_CHECK(expect(std::string(1, open)));
    const std::size_t end = text_.find(close, at_);
    const std::string_view inside = text_.substr(at_, end == std::string_view::npos ? 0 : end - at_);
    if (inside.empty() || inside.find_first_of("\n\"\\<>") != std::string_view::npos)
      return fail("expected a file's name");
    at_ = end + 1;
    return std::string(inside);
  }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
           c == '.' || c == '-';
  }

  Result<std::string_view> until_quote() {
    const std::size_t start = ++at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size() || text_[at_] != '"') return fail("a '\"' without its end");
    return text_.substr(start, at_++ - start);
  }

  // Up to white space or, outside of braces, a comma or the end of a list.
  std::string_view bare() {
    const std::size_t start = at_;
    for (std::size_t depth = 0; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (is_space(c) || c == '"' || (depth == 0 && (c == ',' || c == ')' || c == '}'))) break;
      if (c == '{') ++depth;
      if (c == '}') --depth;
      if (c == '\\' && at_ + 1 < text_.size()) ++at_;
    }
    return text_.substr(start, at_ - start);
  }

  std::string_view text_;
  std::string_view name_;
  std::size_t at_ = 0;
};

class Parser {
 public:
  Parser(std::string_view text, std::string_view name) : scan_(text, name) {}

  Result<Profile> parse() {
    while (scan_.accept_word("abi")) {
      SHIM_TRY(const std::string abi, scan_.between('<', '>'));
      if (abi != "abi/3.0" && abi != "abi/4.0") return scan_.fail("expected abi <abi/3.0> or <abi/4.0>");
      SHIM_CHECK(scan_.expect(","));
    }
    if (!scan_.accept_word("profile")) return scan_.fail("expected 'profile'");
    profile_.name = scan_.word();
    if (!is_profile_name(profile_.name)) return scan_.fail("expected a profile's name: letters, digits and '._-'");
    if (scan_.accept_word("flags")) {
      SHIM_CHECK(scan_.expect("="));
      SHIM_TRY(profile_.flags, words(kFlags, "a flag"));
    }
    SHIM_CHECK(scan_.expect("{"));
    while (!scan_.accept("}")) {
      SHIM_CHECK(rule());
      if (profile_.rules.size() > kMaxRules) return scan_.fail("more than " + std::to_string(kMaxRules) + " rules");
    }
    if (!scan_.at_end()) return scan_.fail("expected nothing behind the profile");
    return std::move(profile_);
  }

 private:
  Status rule() {
    Rule made;
    made.audit = scan_.accept_word("audit");
    made.deny = scan_.accept_word("deny");
    if (!made.deny) scan_.accept_word("allow");
    const bool is_include = scan_.accept("#include") || scan_.accept_word("include");
    if (is_include) {
      if (made.audit || made.deny) return scan_.fail("an include has no qualifier");
      return include();
    }
    if (const char c = scan_.peek(); c == '/' || c == '"') return file(made, false);
    const std::string word = scan_.word();
    if (word == "owner")
      return scan_.accept_word("file") && scan_.peek() == ',' ? all_files(made, true) : file(made, true);
    if (word == "file") return scan_.peek() == ',' ? all_files(made, false) : file(made, false);
    if (word == "capability") return capabilities(made);
    SHIM_TRY(made.body, body(word));
    return done(std::move(made));
  }

  Result<Body> body(const std::string& word) {
    if (word == "network") return network();
    if (word == "signal") return signal();
    if (word == "ptrace") return ptrace();
    if (word == "unix") return unix_sockets();
    if (word == "change_profile") return change_profile();
    for (const MountWord& entry : kMountWords)
      if (word == entry.word) return mount(entry.kind);
    for (const NewClassWord& entry : kNewClasses)
      if (word == entry.word) return Body(NewClassRule{entry.what});
    return scan_.fail("expected a rule" + (word.empty() ? "" : ", not '" + word.substr(0, 40) + "'"));
  }

  Status done(Rule made) {
    SHIM_CHECK(scan_.expect(","));
    profile_.add(std::move(made));
    return ok();
  }

  Status include() {
    IncludeRule rule;
    if (scan_.accept_word("if")) {
      if (!scan_.accept_word("exists")) return scan_.fail("expected 'if exists'");
      rule.if_exists = true;
    }
    rule.is_magic = scan_.peek() == '<';
    SHIM_TRY(rule.path, rule.is_magic ? scan_.between('<', '>') : scan_.between('"', '"'));
    profile_.add({.body = std::move(rule)});
    return ok();
  }

  Status all_files(Rule& made, bool owner) {
    made.body = FileRule{.owner = owner};
    return done(std::move(made));
  }

  Status file(Rule& made, bool owner) {
    FileRule rule{.owner = owner};
    SHIM_TRY(rule.path, scan_.pattern());
    if (!rule.path->text().starts_with('/')) return scan_.fail("expected an absolute path");
    if (rule.path->text().find("//") != std::string::npos) return scan_.fail("a path with an empty component");
    SHIM_CHECK(permissions(rule, made.deny));
    if (scan_.accept("->")) {
      rule.target = scan_.word();
      if (!rule.transition || !is_profile_name(rule.target)) return scan_.fail("expected a transition to a profile");
    }
    made.body = std::move(rule);
    return done(std::move(made));
  }

  Status permissions(FileRule& rule, bool deny) {
    const std::string text = scan_.word();
    std::string letters = text;
    if (!deny && letters.ends_with('x')) {
      const auto start = letters.find_first_of("ipPcCuU");
      const std::string transition = letters.substr(std::min(start, letters.size()));
      const auto* const known = std::ranges::find(kTransitions, transition, &TransitionWord::word);
      if (known == kTransitions.end()) return scan_.fail("expected a transition such as 'ix'");
      rule.transition = known->transition;
      letters.resize(start);
    }
    for (const char letter : letters) {
      const auto* const known = std::ranges::find(kPermissionLetters, letter, &PermissionLetter::letter);
      if (known == kPermissionLetters.end())
        return scan_.fail("expected permissions, not '" + text.substr(0, 40) + "'");
      rule.permissions.add(known->permission);
    }
    if (text.empty()) return scan_.fail("expected permissions");
    if (rule.permissions.has(Permission::write) && rule.permissions.has(Permission::append))
      return scan_.fail("'w' and 'a' exclude each other");
    if (!deny && rule.permissions.has(Permission::execute)) return scan_.fail("expected a transition such as 'ix'");
    return ok();
  }

  // One rule each, so that two profiles that list them in another way are equal.
  Status capabilities(const Rule& qualifiers) {
    Rule made = qualifiers;
    if (scan_.peek() == ',') {
      made.body = CapabilityRule{};
      return done(std::move(made));
    }
    while (scan_.peek() != ',') {
      CapabilityRule rule{.name = scan_.word()};
      if (!knows(kCapabilities, rule.name)) return scan_.fail("expected the name of a capability");
      made.body = std::move(rule);
      profile_.add(made);
    }
    return scan_.expect(",");
  }

  Result<Body> network() {
    NetworkRule rule;
    for (std::string word = scan_.word(); !word.empty(); word = scan_.word()) {
      if (rule.family.empty() && rule.type.empty() && knows(kFamilies, word)) {
        rule.family = std::move(word);
      } else if (rule.type.empty() && knows(kSocketTypes, word)) {
        rule.type = std::move(word);
      } else {
        return scan_.fail("expected a family of sockets, then their type");
      }
    }
    return Body(std::move(rule));
  }

  Result<Body> mount(MountKind kind) {
    MountRule rule{.kind = kind};
    SHIM_CHECK(mount_conditions(rule));
    if (kind != MountKind::mount) {
      if (scan_.peek() == ',') return Body(std::move(rule));
      SHIM_TRY(rule.target, scan_.pattern());
      return Body(std::move(rule));
    }
    bool has_target = scan_.accept("->");
    if (!has_target && scan_.peek() != ',') {
      SHIM_TRY(rule.source, scan_.pattern());
      has_target = scan_.accept("->");
    }
    if (has_target) {
      SHIM_TRY(rule.target, scan_.pattern());
    }
    return Body(std::move(rule));
  }

  Status mount_conditions(MountRule& rule) {
    if (rule.kind == MountKind::pivot_root) {
      if (!scan_.accept_word("oldroot")) return ok();
      SHIM_CHECK(scan_.expect("="));
      SHIM_TRY(rule.source, scan_.pattern());
      return ok();
    }
    if (scan_.accept_word("fstype")) {
      SHIM_CHECK(scan_.expect("="));
      SHIM_TRY(rule.types, any_words("a filesystem's type"));
    }
    if (scan_.accept_word("options")) {
      rule.any_of_options = scan_.accept_word("in");
      if (!rule.any_of_options) SHIM_CHECK(scan_.expect("="));
      SHIM_TRY(rule.options, words(kMountOptions, "a mount's option"));
    }
    return ok();
  }

  Result<Body> signal() {
    SignalRule rule;
    SHIM_TRY(rule.access, access(kSignalAccess));
    if (scan_.accept_word("set")) {
      SHIM_CHECK(scan_.expect("="));
      SHIM_TRY(rule.signals, any_words("a signal"));
      for (const std::string& word : rule.signals)
        if (!knows(kSignals, word) && !is_real_time_signal(word)) return scan_.fail("expected a signal");
    }
    SHIM_TRY(rule.peer, peer());
    return Body(std::move(rule));
  }

  Result<Body> ptrace() {
    PtraceRule rule;
    SHIM_TRY(rule.access, access(kPtraceAccess));
    SHIM_TRY(rule.peer, peer());
    return Body(std::move(rule));
  }

  Result<Body> unix_sockets() {
    UnixRule rule;
    SHIM_TRY(rule.access, access(kUnixAccess));
    if (scan_.accept_word("type")) {
      SHIM_CHECK(scan_.expect("="));
      rule.type = scan_.word();
      if (!knows(kSocketTypes, rule.type)) return scan_.fail("expected a type of sockets");
    }
    if (scan_.accept_word("addr")) {
      SHIM_CHECK(scan_.expect("="));
      SHIM_TRY(rule.address, scan_.pattern());
    }
    if (scan_.accept_word("peer")) {
      SHIM_CHECK(scan_.expect("="));
      SHIM_CHECK(scan_.expect("("));
      if (!scan_.accept_word("label")) return scan_.fail("expected 'label'");
      SHIM_CHECK(scan_.expect("="));
      SHIM_TRY(rule.peer, scan_.pattern());
      SHIM_CHECK(scan_.expect(")"));
    }
    return Body(std::move(rule));
  }

  Result<Body> change_profile() {
    ChangeProfileRule rule;
    if (scan_.accept("->")) {
      SHIM_TRY(rule.target, scan_.pattern());
    }
    return Body(std::move(rule));
  }

  Result<std::optional<Pattern>> peer() {
    if (!scan_.accept_word("peer")) return std::optional<Pattern>();
    SHIM_CHECK(scan_.expect("="));
    SHIM_TRY(Pattern label, scan_.pattern());
    return std::optional<Pattern>(std::move(label));
  }

  // A list, one word, or nothing: every kind.
  template <typename Table>
  Result<Words> access(const Table& table) {
    if (scan_.peek() == '(') return words(table, "a kind of access");
    for (const std::string_view word : table)
      if (scan_.accept_word(word)) return Words{std::string(word)};
    return Words();
  }

  template <typename Table>
  Result<Words> words(const Table& table, const std::string& what) {
    SHIM_TRY(Words read, any_words(what));
    for (const std::string& word : read)
      if (!knows(table, word)) return scan_.fail("expected " + what + ", not '" + word.substr(0, 40) + "'");
    return read;
  }

  // (a, b) or (a b), or one without parentheses.
  Result<Words> any_words(const std::string& what) {
    Words read;
    const bool is_list = scan_.accept("(");
    do {
      std::string word = scan_.word();
      if (word.empty()) return scan_.fail("expected " + what);
      read.insert(std::move(word));
      if (is_list) scan_.accept(",");
    } while (is_list && !scan_.accept(")"));
    return read;
  }

  Scanner scan_;
  Profile profile_;
};

}  // namespace

Result<Profile> parse(std::string_view text, std::string_view name) {
  if (text.size() > kMaxBytes)
    return make_error(ErrorKind::parse, std::string(name) + ": larger than " + std::to_string(kMaxBytes) + " bytes");
  return Parser(text, name).parse();
}

}  // namespace runward::apparmor

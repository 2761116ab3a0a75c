// SPDX-License-Identifier: Apache-2.0
#include "profiles/audit/record.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>

#include "shim/base/number.h"

namespace runward::profiles::audit {
namespace {

constexpr std::string_view kStamp = "audit(";

Error malformed(const std::string& what) { return make_error(ErrorKind::parse, "an audit record " + what); }

bool is_key(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

// Values as they stand in the text, with their quotes.
using Fields = std::map<std::string, std::string, std::less<>>;

// key=value, key="value with blanks". Of a label without quotes (subj=NAME (enforce)) the word behind it is a part.
class FieldScanner {
 public:
  explicit FieldScanner(std::string_view text) : text_(text) {}

  Result<Fields> scan() {
    Fields fields;
    std::string last;
    for (skip_blanks(); at_ < text_.size(); skip_blanks()) {
      const std::string_view word = text_.substr(at_, text_.find(' ', at_) - at_);
      const std::size_t equals = word.find('=');
      if (equals == std::string_view::npos || !is_key(word.substr(0, equals))) {
        at_ += word.size();
        if (last != "subj" || !word.starts_with('(')) return malformed("has a word that is no field");
        continue;
      }
      last = word.substr(0, equals);
      at_ += equals + 1;
      auto value = take_value();
      if (!value) return malformed("has a quote without its end");
      if (!fields.try_emplace(last, *std::move(value)).second) return malformed("has the field '" + last + "' twice");
    }
    return fields;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  std::optional<std::string> take_value() {
    const bool is_quoted = at_ < text_.size() && text_[at_] == '"';
    std::size_t end = is_quoted ? text_.find('"', at_ + 1) : std::min(text_.find(' ', at_), text_.size());
    if (end == std::string_view::npos) return std::nullopt;
    if (is_quoted && ++end < text_.size() && text_[end] != ' ') return std::nullopt;
    std::string value(text_.substr(at_, end - at_));
    at_ = end;
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// "(null)": the kernel knew none.
bool is_nothing(std::string_view value) { return value.empty() || value == "(null)" || value == "?"; }

std::optional<std::string> from_hex(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const auto byte = parse_number<std::uint8_t>(digits.substr(i, 2), 16);
    if (!byte) return std::nullopt;
    bytes.push_back(static_cast<char>(*byte));
  }
  return bytes;
}

class Reader {
 public:
  explicit Reader(const Fields& fields) : fields_(fields) {}

  [[nodiscard]] std::string_view raw(std::string_view key) const {
    const auto found = fields_.find(key);
    return found == fields_.end() ? std::string_view() : found->second;
  }
  [[nodiscard]] bool has(std::string_view key) const { return !raw(key).empty(); }

  // In quotes, or in hexadecimal digits.
  Result<std::string> text(std::string_view key) const {
    std::string_view value = raw(key);
    if (is_nothing(value)) return std::string();
    if (value.front() == '"') {
      value = value.substr(1, value.size() - 2);
      return std::string(is_nothing(value) ? "" : value);
    }
    if (auto bytes = from_hex(value)) return *std::move(bytes);
    return malformed("has an unreadable '" + std::string(key) + "'");
  }

  // A word that needs neither.
  [[nodiscard]] std::string word(std::string_view key) const {
    std::string_view value = raw(key);
    if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
    return std::string(is_nothing(value) ? "" : value);
  }

  template <typename Number>
  Result<Number> number(std::string_view key, int base = 10) const {
    std::string_view value = raw(key);
    if (base == 16 && value.starts_with("0x")) value.remove_prefix(2);
    if (const auto number = parse_number<Number>(value, base)) return *number;
    return malformed("has no number as '" + std::string(key) + "'");
  }

 private:
  const Fields& fields_;
};

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7f; });
}

// "audit(1795654705.804:17743): ", from the beginning.
Result<std::size_t> read_stamp(std::string_view text, Record& record) {
  const std::size_t end = text.find("): ");
  if (!text.starts_with(kStamp) || end == std::string_view::npos) return malformed("has no time and number");
  const std::string_view stamp = text.substr(kStamp.size(), end - kStamp.size());
  const std::size_t point = stamp.find('.');
  const std::size_t colon = stamp.find(':');
  if (point == std::string_view::npos || colon == std::string_view::npos || colon != point + 4)
    return malformed("has no time and number");
  constexpr std::int64_t kLatest = std::numeric_limits<std::int64_t>::max() / 1000 - 1;
  const auto seconds = parse_number<std::int64_t>(stamp.substr(0, point));
  const auto thousandths = parse_number<std::uint16_t>(stamp.substr(point + 1, 3));
  const auto serial = parse_number<std::uint64_t>(stamp.substr(colon + 1));
  if (!seconds || *seconds < 0 || *seconds > kLatest || !thousandths || !serial)
    return malformed("has no time and number");
  record.time_ms = *seconds * 1000 + *thousandths;
  record.serial = *serial;
  return end + std::string_view("): ").size();
}

// Linux writes "=NAME" in some versions.
std::string label_of(std::string_view subject) {
  if (subject.starts_with('=')) subject.remove_prefix(1);
  return std::string(is_nothing(subject) ? "" : subject);
}

Status read_seccomp(const Reader& fields, Record& record) {
  constexpr std::uint32_t kUnset = std::numeric_limits<std::uint32_t>::max();
  SHIM_TRY(record.executable, fields.text("exe"));
  SHIM_TRY(record.user, fields.number<std::uint32_t>("uid"));
  SHIM_TRY(record.group, fields.number<std::uint32_t>("gid"));
  record.label = label_of(fields.raw("subj"));
  SHIM_TRY(const auto session, fields.number<std::uint32_t>("ses"));
  if (session != kUnset) record.session = session;
  FilteredCall call;
  SHIM_TRY(call.architecture, fields.number<std::uint32_t>("arch", 16));
  SHIM_TRY(const auto number, fields.number<std::int64_t>("syscall"));
  call.number = static_cast<std::uint32_t>(number);
  SHIM_TRY(call.action, fields.number<std::uint32_t>("code", 16));
  record.what = call;
  return ok();
}

Status read_apparmor(const Reader& fields, Record& record) {
  RefusedAccess access;
  access.allowed = fields.word("apparmor") == "ALLOWED";
  access.operation = fields.word("operation");
  access.kind = fields.word("class");
  SHIM_TRY(record.label, fields.text("profile"));
  SHIM_TRY(access.name, fields.text("name"));
  SHIM_TRY(access.target, fields.text("target"));
  access.denied = fields.word(fields.has("denied_mask") ? "denied_mask" : "denied");
  access.capability = fields.word("capname");
  access.family = fields.word("family");
  access.socket = fields.word("sock_type");
  access.signal = fields.word("signal");
  SHIM_TRY(access.peer, fields.text("peer"));
  if (fields.has("fsuid")) {
    SHIM_TRY(record.user, fields.number<std::uint32_t>("fsuid"));
  }
  record.what = std::move(access);
  return ok();
}

bool is_apparmor(std::string_view fields) {
  return fields.starts_with("apparmor=\"DENIED\"") || fields.starts_with("apparmor=\"ALLOWED\"");
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\0' || text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<std::optional<Record>> parse_record(std::uint16_t type, std::string_view text) {
  if (type != kSeccompType && type != kApparmorType) return std::optional<Record>();
  if (text.size() > kMaxRecordBytes) return malformed("is too long");
  Record record;
  SHIM_TRY(const std::size_t begin, read_stamp(text, record));
  const std::string_view rest = trimmed(text.substr(begin));
  if (has_control_character(rest)) return malformed("has a control character");
  if (type == kApparmorType && !is_apparmor(rest)) return std::optional<Record>();
  SHIM_TRY(const Fields fields, FieldScanner(rest).scan());
  const Reader reader(fields);
  SHIM_TRY(record.pid, reader.number<pid_t>("pid"));
  SHIM_TRY(record.command, reader.text("comm"));
  SHIM_CHECK(type == kSeccompType ? read_seccomp(reader, record) : read_apparmor(reader, record));
  return std::optional(std::move(record));
}

Result<std::optional<Record>> parse_line(std::string_view line) {
  constexpr std::string_view kKernel = "audit: type=";
  constexpr char kEnriched = '\x1d';  // behind it auditd writes some values a second time, in words
  line = line.substr(0, line.find(kEnriched));
  const std::size_t stamp = line.find(kStamp);
  if (stamp == std::string_view::npos) return std::optional<Record>();
  const std::string_view head = line.substr(0, stamp);
  const std::string_view text = line.substr(stamp);
  if (head == "type=SECCOMP msg=") return parse_record(kSeccompType, text);
  if (head == "type=AVC msg=") return parse_record(kApparmorType, text);
  if (!head.starts_with(kKernel) || !head.ends_with(' ')) return std::optional<Record>();
  const auto type = parse_number<std::uint16_t>(head.substr(kKernel.size(), head.size() - kKernel.size() - 1));
  return type ? parse_record(*type, text) : std::optional<Record>();
}

}  // namespace runward::profiles::audit

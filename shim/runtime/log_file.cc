// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "shim/base/unique_fd.h"

namespace runward::runtime {
namespace {

constexpr std::string_view kPrefix = "runward: ";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026
constexpr std::size_t kMaxMessageBytes = 2000;
constexpr mode_t kLogMode = 0644;  // as runc's main.go

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(char a, char b) { return lower(a) == lower(b); }

struct Sequence {
  std::size_t bytes = 0;  // 0: not valid UTF-8
  char32_t code = 0;
};

struct Lead {
  unsigned char mask, value;
  std::size_t bytes;
  char32_t smallest;  // anything below is an overlong form
};

constexpr std::array kLeads = {
    Lead{0x80, 0x00, 1, 0},
    Lead{0xE0, 0xC0, 2, 0x80},
    Lead{0xF0, 0xE0, 3, 0x800},
    Lead{0xF8, 0xF0, 4, 0x10000},
};

Sequence decode(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const auto* const lead = std::ranges::find_if(kLeads, [&](const Lead& l) { return (first & l.mask) == l.value; });
  if (lead == kLeads.end() || text.size() < lead->bytes) return {};
  char32_t code = static_cast<unsigned char>(first & static_cast<unsigned char>(~lead->mask));
  for (const char c : text.substr(1, lead->bytes - 1)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) return {};
    code = (code << 6U) | (byte & 0x3FU);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < lead->smallest || code > 0x10FFFF || surrogate) return {};
  return {lead->bytes, code};
}

bool is_line_break(char32_t code) {
  return code == '\n' || code == '\r' || code == '\v' || code == '\f' || code == '\t' || code == 0x85 ||
         code == 0x2028 || code == 0x2029;
}

// C0, DEL, C1, and the marks that reorder what a terminal shows.
bool is_unsafe(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string one_safe_line(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const Sequence next = decode(text);
    const std::size_t bytes = std::max<std::size_t>(next.bytes, 1);
    if (next.bytes != 0 && is_line_break(next.code)) {
      if (!line.empty() && line.back() != ' ') line.push_back(' ');
    } else {
      line.append(next.bytes == 0 || is_unsafe(next.code) ? kReplacement : text.substr(0, bytes));
    }
    text.remove_prefix(bytes);
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string shortened(std::string line) {
  if (line.size() <= kMaxMessageBytes) return line;
  std::size_t end = kMaxMessageBytes - kEllipsis.size();
  while ((static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;
  line.resize(end);
  return line.append(kEllipsis);
}

// Only for text that presentable() made: JSON and logrus' text form then escape the same two characters.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out += '"';
}

std::string rfc3339(std::time_t now) {
  std::tm utc{};
  std::array<char, sizeof "2026-08-01T12:00:00Z"> text{};
  if (::gmtime_r(&now, &utc) == nullptr) return "1970-01-01T00:00:00Z";
  if (std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) return "1970-01-01T00:00:00Z";
  return text.data();
}

// One write(2): lines of processes that share the file must not mix, so there is no continuing after a short write.
void write_once(int fd, std::string_view text) {
  ssize_t put = 0;
  do {
    put = ::write(fd, text.data(), text.size());
  } while (put < 0 && errno == EINTR);
}

void append_to_file(const std::string& path, std::string_view line) {
  // O_NONBLOCK: a FIFO that nobody reads must not hold us up.
  const UniqueFd fd(
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, kLogMode));
  if (fd) write_once(fd.get(), line);
}

}  // namespace

std::string defuse(std::string message) {
  for (const std::string_view word : kForbiddenWords) {
    auto from = message.begin();
    for (;;) {
      from = std::search(from, message.end(), word.begin(), word.end(), equal_ignoring_case);
      if (from == message.end()) break;
      const auto end = from + static_cast<std::ptrdiff_t>(word.size());
      std::replace(from, end, ' ', '_');
      from = end;
    }
  }
  return message;
}

std::string presentable(std::string_view message) {
  while (message.starts_with(kPrefix)) message.remove_prefix(kPrefix.size());
  return defuse(shortened(std::string(kPrefix) + one_safe_line(message)));
}

std::string format_log_line(LogFormat format, std::string_view message, std::time_t now) {
  const std::string text = quoted(presentable(message));
  const std::string time = quoted(rfc3339(now));
  switch (format) {
    case LogFormat::json:
      return R"({"level":"error","msg":)" + text + R"(,"time":)" + time + "}\n";
    case LogFormat::text:
      return "time=" + time + " level=error msg=" + text + "\n";
  }
  return {};
}

void report_error(const LogTarget& target, std::string_view message) {
  if (!target.path.empty()) append_to_file(target.path, format_log_line(target.format, message, std::time(nullptr)));
  write_once(STDERR_FILENO, presentable(message) + "\n");
}

}  // namespace runward::runtime

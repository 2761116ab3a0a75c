// SPDX-License-Identifier: Apache-2.0
#include "profiles/audit/past.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "shim/base/file.h"

namespace runward::profiles::audit {
namespace {

constexpr std::size_t kMostLines = 200'000;     // of the kernel's log, whose memory holds fewer
constexpr off_t kMostOfAFile = off_t{8} << 20;  // its end
constexpr std::string_view kSuppressed = "kauditd_printk_skb: ";

void add_line(std::string_view line, Past& past) {
  auto record = parse_line(line);
  if (!record) {
    ++past.unreadable;
  } else if (*record) {
    past.records.push_back(**std::move(record));
  }
}

Status read_kernel_log(Past& past) {
  const UniqueFd fd(::open(kKernelLog, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return errno_error("open", kKernelLog);
  std::array<char, 8192> buffer{};  // a read(2) gives one entry; PRINTK_MESSAGE_MAX is 2,048
  for (std::size_t i = 0; i < kMostLines; ++i) {
    const ssize_t length = ::read(fd.get(), buffer.data(), buffer.size());
    // EPIPE: the oldest was overwritten while we were on our way.
    if (length < 0 && (errno == EPIPE || errno == EINTR)) continue;
    if (length <= 0) break;
    const auto text = kernel_text({buffer.data(), static_cast<std::size_t>(length)});
    if (!text) continue;
    past.suppressed = past.suppressed || text->starts_with(kSuppressed);
    add_line(*text, past);
  }
  return ok();
}

Status read_audit_log(Past& past) {
  SHIM_TRY(const UniqueFd fd, open_regular(AT_FDCWD, kAuditLog));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error("stat", kAuditLog);
  const off_t begin = std::max(off_t{0}, status.st_size - kMostOfAFile);
  if (::lseek(fd.get(), begin, SEEK_SET) < 0) return errno_error("read", kAuditLog);
  std::string text(static_cast<std::size_t>(status.st_size - begin), '\0');
  const ssize_t length = ::read(fd.get(), text.data(), text.size());
  if (length < 0) return errno_error("read", kAuditLog);
  text.resize(static_cast<std::size_t>(length));
  // The first line may be the end of one, the last one may not be complete yet.
  std::size_t at = begin == 0 ? 0 : text.find('\n') + 1;
  for (std::size_t end = text.find('\n', at); end != std::string::npos; end = text.find('\n', at)) {
    add_line(std::string_view(text).substr(at, end - at), past);
    at = end + 1;
  }
  return ok();
}

}  // namespace

std::optional<std::string_view> kernel_text(std::string_view line) {
  constexpr unsigned kLevels = 8;  // priority = facility × 8 + level; the kernel's facility is 0
  unsigned priority = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), priority);
  const std::size_t text = line.find(';');
  const bool is_entry = error == std::errc() && end != line.data() + line.size() && *end == ',';
  if (!is_entry || text == std::string_view::npos || priority >= kLevels) return std::nullopt;
  line.remove_prefix(text + 1);
  return line.substr(0, line.find('\n'));
}

Past read_past() {
  Past past;
  const auto keep = [&](const char* place, const Status& status) {
    if (status) return past.places.emplace_back(place), void();
    if (status.error().code != std::errc::no_such_file_or_directory) past.unread.push_back(status.error().message);
  };
  keep(kAuditLog, read_audit_log(past));
  keep(kKernelLog, read_kernel_log(past));
  std::ranges::stable_sort(past.records, {}, &Record::serial);
  return past;
}

}  // namespace runward::profiles::audit

// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/event_log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>

#include "shim/base/file.h"
#include "shim/oci/parse.h"

namespace runward::ctl {

std::optional<oci::Value> parse_event(std::string_view line) {
  auto event = oci::parse(line, "event");
  if (!event || !event->is_object()) return std::nullopt;
  return *std::move(event);
}

std::string text_of(const oci::Value& event, const char* member) {
  const oci::Value* const value = oci::find(event, std::string_view(member));
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

Result<EventLog> EventLog::open(const std::string& path) {
  SHIM_TRY(UniqueFd fd, open_regular(AT_FDCWD, path));
  return EventLog(path, std::move(fd));
}

bool EventLog::is_current() const {
  struct stat ours {};
  struct stat there {};
  if (::fstat(fd_.get(), &ours) != 0 || ::stat(path_.c_str(), &there) != 0) return false;
  const off_t at = ::lseek(fd_.get(), 0, SEEK_CUR);
  return ours.st_dev == there.st_dev && ours.st_ino == there.st_ino && at <= there.st_size;
}

Result<bool> EventLog::read(const std::function<void(std::string_view line)>& each) {
  const bool current = is_current();  // asked before reading: what is written until then is read
  std::array<char, 65536> buffer;     // NOLINT(cppcoreguidelines-pro-type-member-init): read() fills it
  for (;;) {
    const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read", path_);
    if (got == 0) return current;
    rest_.append(buffer.data(), static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
      each(std::string_view(rest_).substr(begin, end - begin));
      begin = end + 1;
    }
    rest_.erase(0, begin);
  }
}

}  // namespace runward::ctl

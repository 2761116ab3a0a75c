// SPDX-License-Identifier: Apache-2.0
#include "shim/audit_session.h"

#include <fcntl.h>

#include <string>

#include "shim/base/file.h"
#include "shim/base/number.h"

namespace runward {
namespace {

constexpr std::size_t kMaxNumberBytes = 64;
constexpr std::uint32_t kUnset = 4294967295;

std::optional<std::uint32_t> read_number(const std::string& path) {
  const auto text = read_file(path, kMaxNumberBytes);
  if (!text) return std::nullopt;
  return parse_number<std::uint32_t>(text->substr(0, text->find_last_not_of('\n') + 1));
}

// Each time it is set, also to what it was, a session begins (audit_set_loginuid()).
bool write_login(std::uint32_t user) {
  const UniqueFd fd(::open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC));
  return fd && write_all(fd.get(), std::to_string(user), "loginuid");
}

}  // namespace

std::optional<std::uint32_t> begin_audit_session() {
  const auto login = read_number("/proc/self/loginuid");
  if (!login || !write_login(*login == kUnset ? 0 : *login)) return std::nullopt;
  const auto session = read_number("/proc/self/sessionid");
  return session == kUnset ? std::nullopt : session;
}

}  // namespace runward

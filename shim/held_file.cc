// SPDX-License-Identifier: Apache-2.0
#include "shim/held_file.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "shim/base/file.h"
#include "shim/oci/parse.h"

namespace runward {
namespace {

constexpr std::size_t kMaxBytes = 16384;
constexpr std::size_t kMaxIdBytes = 256;

Status check_id(const std::string& id_file, const std::string& container_id) {
  if (!id_file.starts_with('/')) return make_error(ErrorKind::parse, "it is for no container");
  SHIM_TRY(const UniqueFd fd, open_regular(AT_FDCWD, id_file));
  SHIM_CHECK(check_only_root_writes(fd, id_file));
  SHIM_TRY(const std::string id, read_all(fd, kMaxIdBytes, id_file));
  if (id.empty() || id != container_id) return make_error(ErrorKind::policy, "it is for another container");
  return ok();
}

}  // namespace

Result<oci::Value> read_held(const std::string& path, const std::string& container_id) {
  SHIM_TRY(const UniqueFd fd, open_regular(AT_FDCWD, path));
  SHIM_CHECK(check_only_root_writes(fd, path));
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
    return make_error(ErrorKind::policy, "it has ended");
  SHIM_TRY(const std::string text, read_all(fd, kMaxBytes, path));
  SHIM_TRY(oci::Value json, oci::parse(text, path));
  SHIM_CHECK(check_id(text_of(json, "id_file"), container_id));
  return json;
}

std::string text_of(const oci::Value& json, std::string_view key) {
  const oci::Value* const value = oci::find(json, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

}  // namespace runward

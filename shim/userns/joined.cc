// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/joined.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <optional>
#include <string_view>

#include "shim/base/file.h"
#include "shim/base/number.h"

namespace runward::userns {
namespace {

constexpr std::size_t kSmallFile = 8192;

bool same_file(const UniqueFd& a, const UniqueFd& b) {
  struct stat one {};
  struct stat other {};
  return ::fstat(a.get(), &one) == 0 && ::fstat(b.get(), &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

Result<UniqueFd> owner_of(const HeldNamespace& held) {
  if (!held.fd) return make_error(ErrorKind::io, "'" + held.path + "' can't be opened");
  UniqueFd owner(::ioctl(held.fd.get(), NS_GET_USERNS));
  if (!owner) return errno_error("ask for the owner of", held.path);
  return owner;
}

UniqueFd open_in(const UniqueFd& folder, const char* name) {
  return UniqueFd(::openat(folder.get(), name, O_RDONLY | O_CLOEXEC));
}

Result<std::string> read_in(const UniqueFd& folder, const char* name) {
  const UniqueFd fd = open_in(folder, name);
  if (!fd) return errno_error("open", name);
  return read_all(fd, kSmallFile, name);
}

// "         0 1879048192      65536\n", and nothing else: what runward makes.
std::optional<IdRange> only_range(std::string_view map) {
  std::uint64_t numbers[3] = {};
  for (std::uint64_t& number : numbers) {
    map.remove_prefix(std::min(map.find_first_not_of(' '), map.size()));
    const auto taken = take_number<std::uint64_t>(map);
    if (!taken) return std::nullopt;
    number = *taken;
  }
  if (map != "\n" || numbers[0] != 0 || numbers[1] == 0) return std::nullopt;
  return IdRange{.first = numbers[1], .size = numbers[2]};
}

// Of "/proc/12/ns/net" "/proc/12". All that is read in it is of that process, and nothing once it has ended.
UniqueFd open_process(const std::string& path) {
  const std::size_t end = path.find("/ns/");
  if (!path.starts_with("/proc/") || end == std::string::npos) return {};
  return UniqueFd(::open(path.substr(0, end).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

constexpr auto kMixed =
    "the namespaces that it joins belong to different users: join those of one container, or start all of them with "
    "the same runtime";

// The process that has it, where that has a plain map.
Status describe_owner(Joined& joined, const std::string& path) {
  joined.process = open_process(path);
  const UniqueFd user = joined.process ? open_in(joined.process, "ns/user") : UniqueFd();
  if (!user || !same_file(user, joined.user_namespace)) {
    joined.refusal = "the user namespace of what it joins can't be found: join another container's namespaces by name";
    return ok();
  }
  SHIM_TRY(const std::string uids, read_in(joined.process, "uid_map"));
  SHIM_TRY(const std::string gids, read_in(joined.process, "gid_map"));
  const auto range = only_range(uids);
  if (!range || uids != gids)
    joined.refusal = "the container that it joins has a user namespace that runward did not make";
  else
    joined.range = *range;
  return ok();
}

}  // namespace

std::vector<HeldNamespace> hold_namespaces(const oci::Spec& spec) {
  std::vector<HeldNamespace> held;
  for (const oci::Namespace& entry : spec.namespaces()) {
    if (entry.path.empty() || entry.type == "user") continue;
    held.push_back({.type = entry.type,
                    .path = entry.path,
                    .fd = UniqueFd(::open(entry.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK))});
  }
  return held;
}

Result<Joined> look_at_joined(const std::vector<HeldNamespace>& held) {
  Joined joined;
  if (held.empty()) return joined;
  const UniqueFd hosts(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
  if (!hosts) return errno_error("open", "/proc/self/ns/user");
  bool any_of_host = false;
  for (const HeldNamespace& one : held) {
    SHIM_TRY(UniqueFd owner, owner_of(one));
    if (same_file(owner, hosts)) {
      any_of_host = true;
      if (one.type == "network") joined.has_hosts_network = true;
      if (one.type == "pid" || one.type == "ipc")
        joined.refusal = "the container whose " + one.type +
                         " namespace it joins has no user namespace: start that one with runward too";
      continue;
    }
    if (joined.user_namespace && !same_file(owner, joined.user_namespace)) joined.refusal = kMixed;
    if (joined.user_namespace) continue;
    joined.user_namespace = std::move(owner);
    SHIM_CHECK(describe_owner(joined, one.path));
  }
  if (any_of_host && joined.user_namespace) joined.refusal = kMixed;
  return joined;
}

// "12 (name that may hold anything) S …" (proc(5)).
bool is_alive(const UniqueFd& process) {
  const auto stat = read_in(process, "stat");
  const std::size_t end = stat ? stat->rfind(") ") : std::string::npos;
  if (end == std::string::npos || end + 2 >= stat->size()) return false;
  const char state = (*stat)[end + 2];
  return state != 'Z' && state != 'X';
}

}  // namespace runward::userns

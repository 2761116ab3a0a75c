// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/joined.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "shim/base/file.h"

namespace runward::userns {
namespace {

constexpr std::size_t kSmallFile = 8192;

bool same_file(const UniqueFd& a, const UniqueFd& b) {
  struct stat one {};
  struct stat other {};
  return ::fstat(a.get(), &one) == 0 && ::fstat(b.get(), &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

Result<UniqueFd> open_namespace(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open", path);
  return fd;
}

Result<UniqueFd> owner_of(const std::string& path) {
  SHIM_TRY(const UniqueFd fd, open_namespace(path));
  UniqueFd owner(::ioctl(fd.get(), NS_GET_USERNS));
  if (!owner) return errno_error("ask for the owner of", path);
  return owner;
}

// "         0 1879048192      65536\n", and nothing else: what runward makes.
std::optional<IdRange> only_range(std::string_view map) {
  std::uint64_t numbers[3] = {};
  for (std::uint64_t& number : numbers) {
    map.remove_prefix(std::min(map.find_first_not_of(' '), map.size()));
    const auto [end, error] = std::from_chars(map.data(), map.data() + map.size(), number);
    if (error != std::errc()) return std::nullopt;
    map.remove_prefix(static_cast<std::size_t>(end - map.data()));
  }
  if (map != "\n" || numbers[0] != 0 || numbers[1] == 0) return std::nullopt;
  return IdRange{.first = numbers[1], .size = numbers[2]};
}

// "/proc/12/ns/net" → "/proc/12/"
std::optional<std::string> process_folder(const std::string& path) {
  constexpr std::string_view kProc = "/proc/";
  const std::size_t end = path.find("/ns/");
  if (!path.starts_with(kProc) || end == std::string::npos) return std::nullopt;
  return path.substr(0, end + 1);
}

constexpr auto kMixed =
    "the namespaces that it joins belong to different users: join those of one container, or start all of them with "
    "the same runtime";

// Its user namespace, where that is the owner of what is joined and has a plain map.
Status describe_owner(Joined& joined, const std::string& path) {
  const auto folder = process_folder(path);
  const auto user = folder ? open_namespace(*folder + "ns/user") : Result<UniqueFd>(Error{});
  if (!folder || !user || !same_file(*user, joined.user_namespace)) {
    joined.refusal = "the user namespace of what it joins can't be found: join another container's namespaces by name";
    return ok();
  }
  SHIM_TRY(const std::string uids, read_file(*folder + "uid_map", kSmallFile));
  SHIM_TRY(const std::string gids, read_file(*folder + "gid_map", kSmallFile));
  const auto range = only_range(uids);
  if (!range || uids != gids) {
    joined.refusal = "the container that it joins has a user namespace that runward did not make";
    return ok();
  }
  joined.path = *folder + "ns/user";
  joined.range = *range;
  return ok();
}

}  // namespace

Result<Joined> look_at_joined(const oci::Spec& spec) {
  Joined joined;
  std::optional<UniqueFd> hosts;
  bool any_of_host = false;
  for (const oci::Namespace& entry : spec.namespaces()) {
    if (entry.path.empty() || entry.type == "user") continue;
    if (!hosts) {
      SHIM_TRY(hosts, open_namespace("/proc/self/ns/user"));
    }
    SHIM_TRY(UniqueFd owner, owner_of(entry.path));
    if (same_file(owner, *hosts)) {
      any_of_host = true;
      if (entry.type == "network") joined.hosts_network = entry.path;
      if (entry.type == "pid" || entry.type == "ipc")
        joined.refusal = "the container whose " + entry.type +
                         " namespace it joins has no user namespace: start that one with runward too";
      continue;
    }
    if (joined.user_namespace && !same_file(owner, joined.user_namespace)) joined.refusal = kMixed;
    if (joined.user_namespace) continue;
    joined.user_namespace = std::move(owner);
    SHIM_CHECK(describe_owner(joined, entry.path));
  }
  if (any_of_host && joined.user_namespace) joined.refusal = kMixed;
  return joined;
}

}  // namespace runward::userns

// SPDX-License-Identifier: Apache-2.0
#include "shim/host/told_mounts.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace runward::host {
namespace {

// Not in the headers of Debian 12, so called by number and with structures of our own (include/uapi/linux/mount.h; the
// numbers are the same on every architecture but alpha).
constexpr long kStatmount = 457;
constexpr long kListmount = 458;

struct MountQuestion {
  std::uint32_t size = 24;  // of its first version
  std::uint32_t spare = 0;
  std::uint64_t mount = 0;
  std::uint64_t param = 0;
};

struct MountAnswer {
  std::uint32_t size;
  std::uint32_t options;  // where the text begins in `text`, as all the other names of texts
  std::uint64_t mask;     // what was told
  std::uint32_t device_major;
  std::uint32_t device_minor;
  std::uint64_t magic;
  std::uint32_t flags;
  std::uint32_t filesystem;
  std::array<std::uint64_t, 2> ids;
  std::array<std::uint32_t, 2> old_ids;
  std::uint64_t attributes;
  std::uint64_t propagation;
  std::array<std::uint64_t, 3> peers;
  std::uint32_t root;
  std::uint32_t mount_point;
  std::uint64_t mount_namespace;
  std::uint32_t subtype;
  std::array<std::uint32_t, 97> later;
};
constexpr std::size_t kFixedPart = 512;
static_assert(sizeof(MountAnswer) == kFixedPart);
static_assert(offsetof(MountAnswer, root) == 104 && offsetof(MountAnswer, subtype) == 120);

constexpr std::uint64_t kDevice = 0x1;  // and what else is known of the filesystem without its name
constexpr std::uint64_t kMount = 0x2;   // its ids, attributes and propagation
constexpr std::uint64_t kRoot = 0x8;
constexpr std::uint64_t kMountPoint = 0x10;
constexpr std::uint64_t kFilesystem = 0x20;
constexpr std::uint64_t kOptions = 0x80;
constexpr std::uint64_t kSubtype = 0x100;

constexpr std::uint64_t kUnbindable = std::uint64_t{1} << 17U;  // MS_UNBINDABLE

// 127 layers with the longest names; a mount that needs more is read from mountinfo.
constexpr std::size_t kLongestAnswer = std::size_t{64} << 10U;

class Asker {
 public:
  // 0, or an errno.
  int ask(std::uint64_t mount, std::uint64_t what) {
    const MountQuestion question{.mount = mount, .param = what};
    const long result = ::syscall(kStatmount, &question, &answer_, sizeof answer_, 0U);
    return result == 0 ? 0 : errno;
  }
  [[nodiscard]] bool has_told(std::uint64_t what) const { return (fixed().mask & what) == what; }
  [[nodiscard]] const MountAnswer& fixed() const { return answer_.fixed; }
  [[nodiscard]] std::string text(std::uint32_t offset) const {
    if (offset >= answer_.text.size()) return "";
    const char* const begin = answer_.text.data() + offset;
    return {begin, ::strnlen(begin, answer_.text.size() - offset)};
  }

 private:
  struct {
    MountAnswer fixed;
    std::array<char, kLongestAnswer> text;
  } answer_{};
};

// Whether `path` is where a mount begins, and the id that statmount(2) knows it by; nothing: not known.
struct Root {
  bool is_mount_point = false;
  std::uint64_t mount = 0;
};
std::optional<Root> root_at(const std::string& path) {
  constexpr unsigned kUniqueMountId = 0x4000;  // STATX_MNT_ID_UNIQUE
  constexpr std::uint64_t kIsRoot = 0x2000;    // STATX_ATTR_MOUNT_ROOT
  struct statx status {};
  if (::syscall(SYS_statx, AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT, kUniqueMountId, &status) != 0) return std::nullopt;
  if ((status.stx_mask & kUniqueMountId) == 0 || (status.stx_attributes_mask & kIsRoot) == 0) return std::nullopt;
  return Root{.is_mount_point = (status.stx_attributes & kIsRoot) != 0, .mount = status.stx_mnt_id};
}

// A page of ids behind `last`; nothing: not told.
std::optional<std::vector<std::uint64_t>> ids_behind(std::uint64_t last) {
  constexpr std::uint64_t kAllFromOurRoot = ~std::uint64_t{0};  // LSMT_ROOT
  constexpr std::size_t kPage = 1024;
  std::vector<std::uint64_t> ids(kPage);
  const MountQuestion question{.mount = kAllFromOurRoot, .param = last};
  const long count = ::syscall(kListmount, &question, ids.data(), ids.size(), 0U);
  if (count < 0) return std::nullopt;
  ids.resize(static_cast<std::size_t>(count));
  return ids;
}

// Whether the kernel told of all mounts, and `visit` was true for each.
template <typename Visit>
bool for_each_mount(Visit visit) {
  constexpr std::size_t kMost = 100'000;
  std::size_t count = 0;
  for (std::uint64_t last = 0;;) {
    const auto ids = ids_behind(last);
    if (!ids || count > kMost) return false;
    if (ids->empty()) return true;
    if (!std::ranges::all_of(*ids, visit)) return false;
    count += ids->size();
    last = ids->back();
  }
}

// False: mountinfo has to be read.
bool add_entry(std::vector<MountEntry>& entries, Asker& asker, std::uint64_t mount) {
  constexpr std::uint64_t kNeeded = kDevice | kMount | kRoot | kMountPoint | kFilesystem;
  const int error = asker.ask(mount, kNeeded | kSubtype);
  if (error == ENOENT) return true;  // unmounted since it was listed
  if (error != 0 || !asker.has_told(kNeeded)) return false;
  const MountAnswer& told = asker.fixed();
  std::string filesystem = asker.text(told.filesystem);
  if (asker.has_told(kSubtype))
    filesystem.append(".").append(asker.text(told.subtype));
  else if (filesystem.starts_with("fuse"))
    return false;  // "fuse.sshfs", of which older kernels tell the first half
  entries.push_back({.device = std::to_string(told.device_major) + ":" + std::to_string(told.device_minor),
                     .root = asker.text(told.root),
                     .mount_point = asker.text(told.mount_point),
                     .filesystem = std::move(filesystem),
                     .is_unbindable = (told.propagation & kUnbindable) != 0});
  return true;
}

}  // namespace

std::optional<MountAt> told_mount_at(const std::string& path) {
  const auto root = root_at(path);
  if (!root) return std::nullopt;
  if (!root->is_mount_point) return MountAt();
  Asker asker;
  if (asker.ask(root->mount, kFilesystem | kOptions) != 0 || !asker.has_told(kFilesystem | kOptions))
    return std::nullopt;
  return MountAt{.is_mount_point = true,
                 .filesystem = asker.text(asker.fixed().filesystem),
                 .options = asker.text(asker.fixed().options)};
}

std::optional<std::size_t> told_count() {
  const auto ids = ids_behind(0);
  return ids ? std::optional(ids->size()) : std::nullopt;
}

std::optional<bool> told_any_of(std::span<const std::uint32_t> magics) {
  Asker asker;
  bool is_there = false;
  const bool is_told = for_each_mount([&](std::uint64_t mount) {
    const int error = asker.ask(mount, kDevice);
    if (error != 0) return error == ENOENT;  // unmounted since it was listed
    is_there = is_there || std::ranges::find(magics, asker.fixed().magic) != magics.end();
    return asker.has_told(kDevice);
  });
  return is_told ? std::optional(is_there) : std::nullopt;
}

std::optional<std::vector<MountEntry>> told_mounts() {
  std::vector<MountEntry> entries;
  Asker asker;
  const bool is_told = for_each_mount([&](std::uint64_t mount) { return add_entry(entries, asker, mount); });
  return is_told ? std::optional(std::move(entries)) : std::nullopt;
}

}  // namespace runward::host

// SPDX-License-Identifier: Apache-2.0
#include "shim/host/mount_table.h"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "shim/base/file.h"
#include "shim/host/told_mounts.h"

namespace runward::host {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;

// "36 35 98:0 /mnt1 /mnt2 rw,noatime …": device, root and mount point are the fields 3 to 5.
std::vector<std::string_view> first_fields(std::string_view line) {
  std::vector<std::string_view> fields;
  while (fields.size() < 5 && !line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    fields.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return fields;
}

// After the optional fields comes a hyphen, then the type.
std::string filesystem_of(std::string_view line) {
  constexpr std::string_view kSeparator = " - ";
  const std::size_t at = line.find(kSeparator);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = line.substr(at + kSeparator.size());
  return decode_mount_field(rest.substr(0, rest.find(' ')));
}

// One of the optional fields, which are the last before the hyphen.
bool is_unbindable(std::string_view line) { return line.substr(0, line.find(" - ")).ends_with(" unbindable"); }

std::string join(const std::string& top, std::string_view rest) {
  if (rest.empty()) return top;
  return top == "/" ? "/" + std::string(rest.substr(1)) : top + std::string(rest);
}

// What follows `top` in `path`: "" or "/…".
std::string_view rest_of(std::string_view path, std::string_view top) {
  if (top == "/") return path == "/" ? std::string_view() : path;
  return path.substr(top.size());
}

}  // namespace

std::string decode_mount_field(std::string_view text) {
  const auto octal = [](char digit) { return digit >= '0' && digit <= '7'; };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped =
        text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) && octal(text[i + 2]) && octal(text[i + 3]);
    if (!escaped) {
      plain += text[i];
      continue;
    }
    plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
    i += 3;
  }
  return plain;
}

bool is_or_below(std::string_view path, std::string_view top) {
  if (top == "/" || path == top) return path.starts_with('/');
  return path.starts_with(top) && path[top.size()] == '/';
}

MountTable MountTable::parse(std::string_view text) {
  MountTable table;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const auto fields = first_fields(line);
    if (fields.size() == 5)
      table.entries_.push_back({.device = std::string(fields[2]),
                                .root = decode_mount_field(fields[3]),
                                .mount_point = decode_mount_field(fields[4]),
                                .filesystem = filesystem_of(line),
                                .is_unbindable = is_unbindable(line)});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return table;
}

Result<MountTable> MountTable::read() {
  if (auto told = told_mounts()) {
    MountTable table;
    table.entries_ = *std::move(told);
    return table;
  }
  SHIM_TRY(const UniqueFd fd, open_regular(AT_FDCWD, "/proc/self/mountinfo"));
  SHIM_TRY(const std::string text, read_all(fd, kMaxBytes, "/proc/self/mountinfo"));
  return parse(text);
}

const MountEntry* MountTable::holder_of(const std::string& path) const {
  // The one mounted last is the one that is seen; the table is in the order of mounting.
  const MountEntry* holder = nullptr;
  for (const MountEntry& entry : entries_)
    if (is_or_below(path, entry.mount_point)) holder = &entry;
  return holder;
}

std::vector<std::string> MountTable::aliases(const std::string& path) const {
  std::vector<std::string> all = {path};
  const MountEntry* const holder = holder_of(path);
  if (holder == nullptr) return all;
  const std::string inside = join(holder->root, rest_of(path, holder->mount_point));
  for (const MountEntry& entry : entries_)
    if (entry.device == holder->device && is_or_below(inside, entry.root))
      all.push_back(join(entry.mount_point, rest_of(inside, entry.root)));
  return all;
}

std::vector<std::string> MountTable::below(const std::string& path) const {
  std::vector<std::string> all;
  for (const MountEntry& entry : entries_)
    if (entry.mount_point != path && is_or_below(entry.mount_point, path)) all.push_back(entry.mount_point);
  return all;
}

}  // namespace runward::host

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The mounts of this mount namespace (proc(5), mountinfo), for one question: by which other paths can the same place be
// reached?

#include <string>
#include <string_view>
#include <vector>

#include "shim/base/result.h"

namespace runward::host {

struct MountEntry {
  std::string device;  // "major:minor"
  std::string root;    // the part of the filesystem that is mounted
  std::string mount_point;
  std::string filesystem;  // its type: "ext4"
  bool is_unbindable = false;
  friend bool operator==(const MountEntry&, const MountEntry&) = default;
};

class MountTable {
 public:
  static Result<MountTable> read();
  static MountTable parse(std::string_view text);  // lines that make no sense are left out

  [[nodiscard]] const std::vector<MountEntry>& entries() const { return entries_; }
  // `path` itself and every other path at which the same part of the same filesystem is mounted. `path` is absolute and
  // free of symbolic links.
  [[nodiscard]] std::vector<std::string> aliases(const std::string& path) const;
  // The mount that `path` lies on, as it is seen; nullptr when the table is empty.
  [[nodiscard]] const MountEntry* holder_of(const std::string& path) const;
  // Mount points below `path`.
  [[nodiscard]] std::vector<std::string> below(const std::string& path) const;

 private:
  std::vector<MountEntry> entries_;
};

// A field as the kernel writes it, with space, tab, newline and backslash as three octal digits ("\\040").
std::string decode_mount_field(std::string_view text);

// Whether `path` is `top` or lies below it, by name: "/run/x" below "/run", not below "/ru".
bool is_or_below(std::string_view path, std::string_view top);

}  // namespace runward::host

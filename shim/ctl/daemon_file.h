// SPDX-License-Identifier: Apache-2.0
#pragma once

// daemon.json on disk: read once, replaced as a whole, with a backup of what it was before runward's first change.
//
//   SHIM_TRY(const DaemonFile file, DaemonFile::open("/etc/docker/daemon.json"));
//   SHIM_CHECK(file.back_up());
//   SHIM_CHECK(file.write(changed));

#include <optional>
#include <string>
#include <string_view>

#include "shim/base/result.h"

namespace runward::ctl {

class DaemonFile {
 public:
  // A link is followed, and what it points to is edited. A file that is missing is an empty one.
  static Result<DaemonFile> open(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool exists() const { return exists_; }
  [[nodiscard]] std::string backup_path() const { return path_ + ".runward-backup"; }

  // Mode and owner stay; a new file gets 0644, as others may read it.
  [[nodiscard]] Status write(std::string_view text) const;
  [[nodiscard]] Status remove() const;

  // Over an older one. Nothing to keep of a file that is missing: then there is no backup afterwards.
  [[nodiscard]] Status back_up() const;
  [[nodiscard]] Result<std::optional<std::string>> backup() const;
  [[nodiscard]] Status remove_backup() const;

 private:
  std::string path_;
  std::string text_;
  bool exists_ = false;
};

}  // namespace runward::ctl

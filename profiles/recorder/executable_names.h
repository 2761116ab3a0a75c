// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which executable a task is, known by the 15 letters that the kernel keeps of the name that it was started by. The
// files that were executed tell most of them, the links in the usual folders the rest ("ls" → /bin/busybox).

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "profiles/recording.h"
#include "shim/base/unique_fd.h"

namespace runward::profiles::record {

class ExecutableNames {
 public:
  // `root`: the container's root folder; none: links are not looked at.
  ExecutableNames(const Files& files, const UniqueFd& root);

  // The path, where it can be one only; else the name in brackets.
  [[nodiscard]] const std::string& name_of(std::string_view comm);

 private:
  std::string find(const std::string& comm) const;

  std::map<std::string, std::set<std::string>> by_comm_;
  std::set<std::string> folders_;
  int root_;
  std::map<std::string, std::string> known_;
};

}  // namespace runward::profiles::record

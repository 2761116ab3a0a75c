// SPDX-License-Identifier: Apache-2.0
#pragma once

// dpkg's diversions (dpkg-divert(1)): with one, a package that is upgraded puts its file where we want it, and leaves
// alone what stands in its place.

#include <cstdint>
#include <optional>
#include <string>

#include "shim/base/result.h"

namespace runward::ctl {

enum class Diversion : std::uint8_t { none, ours, foreign };

class Dpkg {
 public:
  // Nothing where dpkg does not look after the host (or the tree below `root`).
  static std::optional<Dpkg> find(const std::string& root);

  // Whether `from` is diverted to `to`; foreign: to elsewhere, or by a package.
  [[nodiscard]] Result<Diversion> look_at(const std::string& from, const std::string& to) const;

  // The record only: files are moved by whoever calls, so that `from` is never missing in between.
  [[nodiscard]] Status add(const std::string& from, const std::string& to) const;
  [[nodiscard]] Status remove(const std::string& from) const;

 private:
  Dpkg(std::string program, std::string root) : program_(std::move(program)), root_(std::move(root)) {}
  [[nodiscard]] Result<std::string> ask(const std::string& question, const std::string& path) const;

  std::string program_;
  std::string root_;
};

}  // namespace runward::ctl

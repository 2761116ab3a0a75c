// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a profile's file rules say about a path, as the kernel would decide it: for the profile generator, which checks
// every recorded path against the rules that it has made.
//
//   const Matcher logs(pattern);
//   logs.matches("/var/log/app/today.log")
//   file_access(profile, "/bin/sh", Owner::yes).has(Permission::read)
//
// apparmor_parser's reading of globs, which apparmor.d(5) tells in part only: * and ? never match a slash, ** does; a *
// or ** that is a whole component ("/x/*", "/x/*/y") matches at least one byte, and no slash first; [^a] matches a
// slash.

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "apparmor/pattern.h"
#include "apparmor/profile.h"

namespace runward::apparmor {

// A pattern made ready to be asked many times: a nondeterministic automaton, so that no pattern and no path takes more
// than (length of the one) × (length of the other) steps.
class Matcher {
 public:
  explicit Matcher(const Pattern& pattern);
  [[nodiscard]] bool matches(std::string_view name) const;

 private:
  using Bytes = std::bitset<256>;
  struct Node {
    Bytes bytes{};         // what it takes on the way to `next`; none: it goes there without
    bool repeats = false;  // may take more of them, or none
    std::uint32_t next = 0;
    std::vector<std::uint32_t> branches{};  // of a '{': where its alternatives begin; then `next` says nothing
  };
  class Builder;
  class Run;
  std::vector<Node> nodes_;
  std::uint32_t end_ = 0;
};

inline bool matches(const Pattern& pattern, std::string_view name) { return Matcher(pattern).matches(name); }

enum class Owner { no, yes };  // whether the process owns the file

struct FileAccess {
  Permissions permissions;               // allowed, and not denied
  std::optional<Transition> transition;  // how it may be executed; nothing: not at all
};
FileAccess file_access(const Profile& profile, std::string_view path, Owner owner);

}  // namespace runward::apparmor

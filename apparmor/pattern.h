// SPDX-License-Identifier: Apache-2.0
#pragma once

// A name in an AppArmor rule: a path or a label, with or without globs.
//
//   SHIM_TRY(const Pattern file, exact_path("/srv/odd \"name\"*"));   // that file and no other
//   SHIM_TRY(const Pattern logs, Pattern::glob("/var/log/{nginx,app}/**"));
//
// Kept in one canonical form: letters, digits and a few marks stand for themselves, globs are as people write them
// (apparmor.d(5): * ** ? [a-z] [^a-z] {a,b}), and every other byte is \ooo, three octal digits. This form has nothing
// in it that the profile language could take for something else: no quote, white space besides the blank, comment,
// comma, variable (@{…}) or newline. So escaping is done here and nowhere else.

#include <compare>
#include <string>
#include <string_view>

#include "shim/base/result.h"

namespace runward::apparmor {

inline constexpr std::size_t kMaxPathBytes = 4096;  // PATH_MAX

// Any bytes, so that they match themselves only. What a path or a name must be besides is not looked at.
std::string escape(std::string_view bytes);

class Pattern {
 public:
  // Globs as people write them, \x for a mark x that is meant itself. An error where apparmor_parser would see one, and
  // for the few things that it takes and we don't: variables, escapes as \n, odd members of [classes].
  static Result<Pattern> glob(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }  // the canonical form
  [[nodiscard]] bool is_exact() const { return is_exact_; }        // without globs: matches one name

  friend auto operator<=>(const Pattern&, const Pattern&) = default;  // NOLINT(modernize-use-nullptr): not a pointer

 private:
  friend Result<Pattern> exact_path(std::string_view path);
  Pattern(std::string text, bool is_exact) : text_(std::move(text)), is_exact_(is_exact) {}
  std::string text_;
  bool is_exact_ = true;
};

// One file or folder, by the path that the kernel would print for it. An error when that can't be one: not absolute, an
// empty component, "." or "..", a NUL, more than PATH_MAX bytes. A folder ends in a slash.
Result<Pattern> exact_path(std::string_view path);

// A byte of a canonical form, decoded, and how much of the text it takes; for match.cc.
struct Decoded {
  unsigned char byte = 0;
  std::size_t length = 0;
  bool is_escaped = false;
};
Decoded decode(std::string_view canonical, std::size_t at);

}  // namespace runward::apparmor

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the kernel would decide: apparmor_parser compiles a text, and this walks the automatons in its binary as the
// kernel does (security/apparmor/match.c; the format is that of flex's tables). So that our own reading of the language
// is measured by theirs, on a machine without AppArmor.
//
// The format is the one for kernels with the features of abi/3.0, where a state's accept word is the permissions.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apparmor/compile.h"

namespace runward::apparmor {

class Automaton {
 public:
  Automaton(const std::string& binary, std::size_t start) {
    const auto number = [&](std::size_t at, std::size_t bytes) {  // big-endian
      std::uint32_t value = 0;
      for (std::size_t i = 0; i < bytes; ++i) value = value << 8U | static_cast<unsigned char>(binary.at(at + i));
      return value;
    };
    const std::size_t end = start + number(start + 8, 4);
    for (std::size_t at = start + number(start + 4, 4); at + 12 <= end;) {
      const std::uint32_t id = number(at, 2), width = number(at + 2, 2), length = number(at + 8, 4);
      std::vector<std::uint32_t>& values = tables_[id];
      for (std::size_t i = 0; i < length; ++i) values.push_back(number(at + 12 + i * width, width));
      at += 12 + std::size_t{length} * width;
      at = start + (at - start + 7) / 8 * 8;
    }
  }

  // 0: no way on.
  [[nodiscard]] std::uint32_t state_after(std::string_view bytes) const {
    std::uint32_t state = 1;
    for (const char c : bytes) state = next(state, static_cast<unsigned char>(c));
    return state;
  }
  [[nodiscard]] std::uint32_t accept_of(std::string_view bytes) const { return table(kAccept)[state_after(bytes)]; }

 private:
  [[nodiscard]] std::uint32_t next(std::uint32_t state, unsigned char byte) const {
    constexpr std::uint32_t kDifferenceEncoded = 0x80000000U;
    constexpr std::uint32_t kIndex = 0xffffffU;
    const std::uint32_t input = tables_.contains(kClasses) ? table(kClasses)[byte] : byte;
    for (;;) {
      const std::uint32_t base = table(kBase)[state];
      const std::size_t at = (base & kIndex) + input;
      if (table(kCheck)[at] == state) return table(kNext)[at];
      state = table(kDefault)[state];
      if ((base & kDifferenceEncoded) == 0) return state;
    }
  }

  static constexpr std::uint32_t kAccept = 1, kBase = 2, kCheck = 3, kDefault = 4, kClasses = 5, kNext = 8;
  [[nodiscard]] const std::vector<std::uint32_t>& table(std::uint32_t id) const { return tables_.at(id); }
  std::map<std::uint32_t, std::vector<std::uint32_t>> tables_;
};

// The parser's options for that format, wherever the tests run.
inline CompileOptions test_options() { return {.kernel_features = "/etc/apparmor.d/abi/3.0", .base = {}}; }

class CompiledPolicy {
 public:
  // Nothing where the parser does not take the text; `error` tells why.
  static std::optional<CompiledPolicy> of(const std::string& text, std::string& error) {
    const auto binary = compile(find_parser(), text, test_options());
    const std::string magic("\x1b\x5e\x78\x3d", 4);
    if (!binary || binary->find(magic) == std::string::npos) {
      error = binary ? "no automaton in the binary" : binary.error().message;
      return std::nullopt;
    }
    return CompiledPolicy{Automaton(*binary, binary->find(magic)), Automaton(*binary, binary->rfind(magic))};
  }

  [[nodiscard]] bool may_read(std::string_view path) const { return (files_.accept_of(path) & 4U) != 0; }
  [[nodiscard]] bool may_write(std::string_view path) const { return (files_.accept_of(path) & 2U) != 0; }
  // Whether the kernel looks at mounts at all (include/uapi: AA_CLASS_MOUNT); where it does not, all go through.
  [[nodiscard]] bool mediates_mounts() const { return classes_.state_after("\x07") != 0; }

 private:
  CompiledPolicy(Automaton classes, Automaton files) : classes_(std::move(classes)), files_(std::move(files)) {}
  Automaton classes_;  // of what is no file
  Automaton files_;
};

}  // namespace runward::apparmor

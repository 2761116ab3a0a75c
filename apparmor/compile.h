// SPDX-License-Identifier: Apache-2.0
#pragma once

// apparmor_parser(8), which turns a profile's text into what the kernel takes. Run by exec, without a shell, with an
// environment of its own; never loads anything. Takes 20 ms to seconds: at `runwardctl install`, and at a create only
// where nothing was compiled before.

#include <string>
#include <string_view>
#include <vector>

#include "apparmor/render.h"
#include "shim/base/result.h"

namespace runward::apparmor {

// Where the package apparmor puts it; empty where it is not installed.
std::string find_parser();

// For which kernel, and with which rest of the language (abi/…, abstractions/…).
struct CompileOptions {
  std::string kernel_features;  // a file as in /etc/apparmor.d/abi; empty: the running kernel's
  std::string base;             // empty: /etc/apparmor.d
};

// The newest language that this parser and its files take.
Result<Abi> newest_abi(const std::string& parser, const CompileOptions& options = {});

// A profile's source as this parser takes it: rendered for its version, or word for word where it is more than parse.h
// reads.
Result<std::string> text_for(const std::string& parser, std::string_view source, const CompileOptions& options = {});

// The names of the profiles in a text.
Result<std::vector<std::string>> names_in(const std::string& parser, const std::string& text,
                                          const CompileOptions& options = {});

// The kernel's binary form (`apparmor_parser -S`).
Result<std::string> compile(const std::string& parser, const std::string& text, const CompileOptions& options = {});

// `apparmor_parser -QT`: whether it compiles, without a kernel that has AppArmor.
Status validate(const std::string& parser, const std::string& text, const CompileOptions& options = {});

}  // namespace runward::apparmor

// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/version.h"

#include "shim/runtime/capture.h"

namespace runward::runtime {
namespace {

// "runc version 1.1.15+ds1\ncommit: …", "crun version 1.8.1\n…".
std::string version_in(const std::string& text) {
  constexpr std::string_view kBefore = " version ";
  const std::size_t at = text.find(kBefore);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + kBefore.size();
  return text.substr(begin, text.find_first_of("\n ", begin) - begin);
}

}  // namespace

NamedRuntime name_runtime(const LowLevel& runtime) {
  NamedRuntime named{.name = runtime.path.substr(runtime.path.rfind('/') + 1), .version = {}};
  if (named.name.ends_with(kSetAsideSuffix)) named.name.resize(named.name.size() - kSetAsideSuffix.size());
  if (const auto captured = run_and_capture(runtime.path, {"--version"})) named.version = version_in(captured->output);
  return named;
}

}  // namespace runward::runtime

// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/describe.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "runward_build_info.h"
#include "shim/base/file.h"
#include "shim/runtime/capture.h"

namespace runward::runtime {
namespace {

using Json = nlohmann::ordered_json;  // keeps the order of keys that the low-level runtime chose

constexpr const char* kAnnotationsKey = "potentiallyUnsafeConfigAnnotations";
constexpr std::string_view kStandardOutput = "standard output";

}  // namespace

std::optional<std::string> with_annotation_prefix(std::string_view features) {
  Json document = Json::parse(features, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return std::nullopt;
  Json& annotations = document[kAnnotationsKey];
  if (annotations.is_null()) annotations = Json::array();
  if (!annotations.is_array()) return std::nullopt;
  if (std::ranges::find(annotations, kAnnotationPrefix) == annotations.end()) annotations.push_back(kAnnotationPrefix);
  return document.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

Result<int> print_version(const LowLevel& low_level, int out) {
  SHIM_TRY(Captured answer, run_and_capture(low_level.path, {"--version"}));
  if (!answer.output.empty() && answer.output.back() != '\n') answer.output += '\n';
  answer.output.append("runward: ").append(build_info::kVersion).append("\n");
  SHIM_CHECK(write_all(out, answer.output, kStandardOutput));
  return answer.exit_code;
}

Result<int> print_features(const LowLevel& low_level, int out) {
  SHIM_TRY(Captured answer, run_and_capture(low_level.path, {"features"}));
  auto ours = answer.exit_code == 0 ? with_annotation_prefix(answer.output) : std::nullopt;
  SHIM_CHECK(write_all(out, ours ? *ours : answer.output, kStandardOutput));
  return answer.exit_code;
}

}  // namespace runward::runtime

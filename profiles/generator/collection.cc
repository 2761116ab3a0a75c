// SPDX-License-Identifier: Apache-2.0
#include "profiles/generator/collection.h"

#include <tuple>

#include "profiles/print_json.h"
#include "shim/oci/parse.h"
#include "shim/oci/print.h"
#include "shim/oci/value.h"

namespace runward::profiles {
namespace {

constexpr oci::ParseLimits kLimits{.max_bytes = kMaxRecordingBytes, .max_depth = 14};
constexpr std::size_t kMostRecordings = 1000;

// No line numbers here: a collection is written by us.
Result<Collection> parse_list(const oci::Value& list, std::string_view name) {
  if (!list.is_array() || list.empty() || list.size() > kMostRecordings)
    return make_error(ErrorKind::parse, std::string(name) + ": recordings: expected a list of one to " +
                                            std::to_string(kMostRecordings) + " recordings");
  Collection recordings;
  for (const oci::Value& item : list) {
    const std::string place = std::string(name) + ": recordings[" + std::to_string(recordings.size()) + "]";
    SHIM_TRY(Recording recording, parse_recording(oci::print(item), place));
    recordings.insert(std::move(recording));
  }
  return recordings;
}

}  // namespace

bool InOrder::operator()(const Recording& a, const Recording& b) const {
  const auto first = std::tie(a.name, a.started);
  const auto second = std::tie(b.name, b.started);
  if (first != second) return first < second;
  return a != b && print_recording(a) < print_recording(b);
}

Collection merge(const Collection& a, const Collection& b) {
  Collection both = a;
  both.insert(b.begin(), b.end());
  return both;
}

Result<Collection> parse_collection(std::string_view text, std::string_view name) {
  SHIM_TRY(const oci::Value document, oci::parse(text, name, kLimits));
  const oci::Value* const list = oci::find(document, "recordings");
  if (list == nullptr) {
    SHIM_TRY(Recording recording, parse_recording(text, name));
    return Collection{std::move(recording)};
  }
  const oci::Value* const version = oci::find(document, "version");
  if (document.size() != 2 || version == nullptr || *version != kRecordingVersion)
    return make_error(ErrorKind::parse, std::string(name) + R"(: expected "version": 1 and "recordings", no more)");
  return parse_list(*list, name);
}

std::string print_collection(const Collection& recordings) {
  std::string text = "{\"version\": " + std::to_string(kRecordingVersion) + ", \"recordings\": [\n";
  for (const Recording& recording : recordings) {
    if (!text.ends_with("[\n")) text.append(",\n");
    std::string one = print_recording(recording);
    while (one.ends_with('\n')) one.pop_back();
    text.append(one);
  }
  return text + "\n]}\n";
}

}  // namespace runward::profiles

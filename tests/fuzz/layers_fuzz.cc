// SPDX-License-Identifier: Apache-2.0
// mountinfo has names in it that users chose: any text gives layers with absolute names, none, or an error.
//   tests/fuzz/run.sh            builds it and runs it with this machine's mountinfo as seed; then, for longer:
//   build/fuzz/layers_fuzz -max_total_time=600 build/fuzz/corpus/layers_fuzz

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "shim/userns/layers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto found = runward::userns::find_layers(text, "/d/overlay2/id/merged");
  if (!found || !*found) return 0;
  const auto is_absolute = [](const std::string& layer) { return layer.starts_with('/'); };
  if ((*found)->lower.empty() || !std::ranges::all_of((*found)->lower, is_absolute)) std::abort();
  if (!(*found)->upper.empty() && !is_absolute((*found)->upper)) std::abort();
  return 0;
}

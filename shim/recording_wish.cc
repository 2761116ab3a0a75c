// SPDX-License-Identifier: Apache-2.0
#include "shim/recording_wish.h"

#include <algorithm>
#include <filesystem>

#include "shim/held_file.h"
#include "shim/oci/print.h"

namespace runward {

std::string print_recording_wish(const std::string& calls, const std::string& id_file) {
  return oci::print({{"calls", calls}, {"id_file", id_file}});
}

std::string wished_call_recording(const std::string& container_id) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(recording_wishes_folder(), error), end; !error && entry != end;
       entry.increment(error)) {
    const auto wish = read_held(entry->path().native() + "/" + kWishFile, container_id);
    if (!wish) continue;
    std::string calls = text_of(*wish, "calls");
    if (std::ranges::find(kCallRecordings, calls) != kCallRecordings.end()) return calls;
  }
  return std::string(kCallRecordings.front());
}

}  // namespace runward

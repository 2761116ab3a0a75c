// SPDX-License-Identifier: Apache-2.0
// Recordings come from a container that may be hostile, by way of a file that anybody may have edited: any text is read
// or refused with a position, and what was read is printed as it will be read again.
//   tests/fuzz/run.sh            builds it and runs it with the tests' recording as seed; then, for longer:
//   build/fuzz/recording_fuzz -max_total_time=600 build/fuzz/corpus/recording_fuzz

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "profiles/bytes.h"
#include "profiles/recording.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace runward::profiles;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (from_text(to_text(text)) != text) std::abort();
  const auto recording = parse_recording(text, "web.json");
  if (!recording) {
    const std::string& message = recording.error().message;
    if (!message.starts_with("web.json:") || message.find('\n') != std::string::npos) std::abort();
    return 0;
  }
  const auto again = parse_recording(print_recording(*recording), "again.json");
  if (!again || !(*again == *recording)) std::abort();
  return 0;
}

// SPDX-License-Identifier: Apache-2.0

// An AppArmor profile of an administrator's, or one that was generated: whatever it is, it is read or refused, and what
// was read is printed so that it reads the same. The text's first line is asked for as a path as well.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "apparmor/match.h"
#include "apparmor/parse.h"
#include "apparmor/render.h"

using namespace runward::apparmor;  // NOLINT(google-build-using-namespace): the whole of it is under test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);  // NOLINT: bytes are text here
  const std::string_view line = text.substr(0, text.find('\n'));
  if (const auto exact = exact_path(line); exact && !matches(*exact, line)) std::abort();
  const auto profile = parse(text, "fuzz");
  if (!profile) return 0;
  (void)file_access(*profile, line, Owner::yes);
  const auto printed = render(*profile, Abi::v4_0);
  if (!printed) return 0;  // a relative path behind a transition, for one
  const auto again = parse(*printed, "printed");
  if (!again || *again != *profile) std::abort();
  return 0;
}

// SPDX-License-Identifier: Apache-2.0

// A seccomp profile of anybody's: it is read or refused; narrowed by a baseline it lets nothing through that either
// does not, and narrowing it again changes nothing.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "seccomp/algebra.h"
#include "seccomp/compile.h"
#include "seccomp/data/docker_default.h"
#include "seccomp/derive.h"
#include "seccomp/parse.h"
#include "seccomp/print.h"
#include "shim/oci/parse.h"

using namespace runward;  // NOLINT(google-build-using-namespace): names of two boxes

namespace {

const seccomp::Template& baseline() {
  static const seccomp::Template kBaseline =
      *seccomp::parse_template(*oci::parse(seccomp::docker_default_json(), "docker"), "docker");
  return kBaseline;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);  // NOLINT: bytes are text here
  const auto json = oci::parse(text, "fuzz", {.max_bytes = 1U << 16U, .max_depth = 16, .comments = true});
  if (!json) return 0;
  const auto asked = seccomp::parse_profile(*json, "fuzz");
  if (!asked) return 0;
  const seccomp::Environment environment{
      .capabilities = {}, .architecture = seccomp::native_architecture(), .kernel = {}};
  const seccomp::Derived once = seccomp::derive(baseline(), environment, &*asked);
  if (!once.given_up.empty()) return 0;
  if (seccomp::find_excess(once.profile, *asked)) std::abort();
  if (seccomp::find_excess(once.profile, baseline().resolve(environment))) std::abort();
  const auto printed = seccomp::parse_profile(seccomp::to_json(once.profile), "printed");
  if (!printed) std::abort();
  const seccomp::Derived twice = seccomp::derive(baseline(), environment, &*printed);
  if (twice.given_up.empty() && seccomp::to_json(twice.profile) != seccomp::to_json(once.profile)) std::abort();
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// The baselines that are built in as C++ are those of the files.
#include "seccomp/shipped.h"

#include <gtest/gtest.h>

#include "shim/oci/parse.h"
#include "shim/policy/shipped.h"

namespace runward::seccomp {
namespace {

Template parsed(std::string_view text) {
  oci::ParseLimits limits;
  limits.comments = true;
  const auto json = oci::parse(text, "seccomp.json", limits);
  return *parse_template(*json, "seccomp.json");
}

TEST(ShippedBaseline, IsWhatTheFileSays) {
  std::size_t seen = 0;
  for (const policy::ShippedProfile& profile : policy::shipped_profiles()) {
    const auto baseline = shipped_baseline(profile.name);
    ASSERT_EQ(baseline.has_value(), !profile.seccomp.empty()) << profile.name;
    if (!baseline) continue;
    EXPECT_TRUE(*baseline == condensed(parsed(profile.seccomp))) << profile.name;
    ++seen;
  }
  EXPECT_EQ(seen, 3U);
}

TEST(ShippedBaseline, IsNotThereForOtherNames) {
  EXPECT_FALSE(shipped_baseline("nobodys"));
  EXPECT_FALSE(shipped_baseline(""));
}

}  // namespace
}  // namespace runward::seccomp

// SPDX-License-Identifier: Apache-2.0
#include "shim/oci/capability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runward::oci {
namespace {

using testing::ElementsAre;

TEST(ParseCapability, KnowsLongAndShortNamesInAnyCase) {
  for (const char* name : {"CAP_NET_RAW", "NET_RAW", "net_raw", "cap_net_raw", "Cap_Net_Raw"}) {
    const auto capability = parse_capability(name);
    ASSERT_TRUE(capability) << name;
    EXPECT_EQ(capability->number, 13U) << name;
  }
}

TEST(ParseCapability, KnowsNothingElse) {
  for (const char* name :
       {"", "CAP_", "ALL", "CAP_ALL", "CAP_CAP_CHOWN", "CHOWN ", "CAP_UNHEARD_OF", "0", "-1", "CAP_NET_RAW\n"})
    EXPECT_FALSE(parse_capability(name)) << name;
}

TEST(ToString, GivesTheNamesOfTheSpecification) {
  EXPECT_EQ(to_string(Capability{0}), "CAP_CHOWN");
  EXPECT_EQ(to_string(Capability{21}), "CAP_SYS_ADMIN");
  EXPECT_EQ(to_string(Capability{40}), "CAP_CHECKPOINT_RESTORE");
}

TEST(ToString, ReturnsThroughParse) {
  for (unsigned number = 0; number <= 40; ++number)
    EXPECT_EQ(parse_capability(to_string(Capability{number})), Capability{number});
}

TEST(CapabilitySet, IsASet) {
  const CapabilitySet two = {"CHOWN", "KILL"};
  EXPECT_EQ(two.size(), 2U);
  EXPECT_TRUE(two.includes(CapabilitySet{"KILL"}));
  EXPECT_FALSE(CapabilitySet{"KILL"}.includes(two));
  EXPECT_TRUE(two.includes(CapabilitySet()));
  EXPECT_THAT((two - CapabilitySet{"CHOWN"}).names(), ElementsAre("CAP_KILL"));
  EXPECT_THAT((CapabilitySet{"KILL"} | CapabilitySet{"CHOWN"}).names(), ElementsAre("CAP_CHOWN", "CAP_KILL"));
  EXPECT_TRUE((two & CapabilitySet{"SYS_ADMIN"}).empty());
}

}  // namespace
}  // namespace runward::oci

// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/containers.h"

#include <gmock/gmock.h>

namespace runward::ctl {
namespace {

using testing::HasSubstr;

Containers three() {
  return {{"aa11", {.id = "aa11", .bundle = "/b/aa11", .name = "web", .event = {}}},
          {"aa22", {.id = "aa22", .bundle = "/b/aa22", .name = "bb", .event = {}}},
          {"bb33", {.id = "bb33", .bundle = "/b/bb33", .name = "aa11x", .event = {}}}};
}

std::string picked(const std::string& wanted) {
  const auto container = pick_container(three(), wanted);
  return container ? container->id : container.error().message;
}

TEST(PickContainer, TakesIdNameAndUniqueBeginning) {
  EXPECT_EQ(picked("aa11"), "aa11");
  EXPECT_EQ(picked("web"), "aa11");
  EXPECT_EQ(picked("aa2"), "aa22");
}

TEST(PickContainer, PrefersANameToABeginning) { EXPECT_EQ(picked("bb"), "aa22"); }

TEST(PickContainer, SaysWhatIsAmbiguousOrUnknown) {
  EXPECT_THAT(picked("aa"), HasSubstr("2 containers"));
  EXPECT_THAT(picked("zz"), HasSubstr("no container 'zz'"));
  EXPECT_THAT(picked(""), HasSubstr("no container"));
}

TEST(FactsOfBundle, ReadsIdAndNamespaceFromThePath) {
  const BundleFacts facts = facts_of_bundle("/nowhere/io.containerd.runtime.v2.task/moby/0123/");
  EXPECT_EQ(facts.container_id, "0123");
  EXPECT_EQ(facts.runtime_root, "moby");
  EXPECT_EQ(facts.runtime_name, "runward");
  EXPECT_EQ(facts_of_bundle("/var/lib/containers/storage/overlay-containers/0123/userdata").container_id, "0123");
}

TEST(Containers, LinesThatNameNoneOfThemNeedNotBeRead) {
  const ContainerIds ids{"aa", "bb"};
  EXPECT_TRUE(may_name(R"({"bundle":"/b","container":"aa","time":"t"})", ids));
  EXPECT_TRUE(may_name(R"({"changes":[{"before":{"container":"x"}}],"container":"bb"})", ids));
  EXPECT_FALSE(may_name(R"({"bundle":"/b","container":"aab"})", ids));
  EXPECT_FALSE(may_name(R"({"image":"aa"})", ids));
  EXPECT_FALSE(may_name(R"({"container":")", ids));
}

}  // namespace
}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
#include "shim/oci/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

namespace runward::oci {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Spec, ReadsAnEmptyDocumentAsOneWithNothingInIt) {
  const Value empty = Value::object();
  const Spec spec(empty);
  EXPECT_FALSE(spec.has_process());
  EXPECT_FALSE(spec.root_readonly());
  EXPECT_EQ(spec.seccomp(), nullptr);
  EXPECT_THAT(spec.mounts(), IsEmpty());
  EXPECT_THAT(spec.hooks(), IsEmpty());
  EXPECT_THAT(spec.namespaces(), IsEmpty());
  EXPECT_THAT(spec.masked_paths(), IsEmpty());
  EXPECT_EQ(spec.process().uid(), 0U);
  EXPECT_FALSE(spec.process().no_new_privileges());
  EXPECT_FALSE(spec.resources().integer("memory", "limit"));
}

TEST(Spec, ReadsNullAsAbsent) {
  const Value document = {
      {"process", {{"user", nullptr}, {"rlimits", nullptr}}}, {"mounts", nullptr}, {"linux", {{"seccomp", nullptr}}}};
  const Spec spec(document);
  EXPECT_TRUE(spec.has_process());
  EXPECT_EQ(spec.process().gid(), 0U);
  EXPECT_THAT(spec.process().rlimits(), IsEmpty());
  EXPECT_EQ(spec.seccomp(), nullptr);
}

TEST(Spec, GivesHooksOfEveryKindWithTheirPlace) {
  const Value document = {
      {"hooks", {{"prestart", {{{"path", "/a"}}, {{"path", "/b"}}}}, {"unheardOf", Value::array({{{"path", "/c"}}})}}}};
  std::vector<std::string> all;
  for (const Hook& hook : Spec(document).hooks()) all.push_back(hook.where.to_string() + "=" + hook.path);
  EXPECT_THAT(all, ElementsAre("/hooks/prestart/0=/a", "/hooks/prestart/1=/b", "/hooks/unheardOf/0=/c"));
}

TEST(Spec, SurvivesHooksOfAnUnknownKindWithWrongTypes) {
  const Value document = {{"hooks", {{"unheardOf", {5, nullptr, "x", {{"path", 5}}}}, {"other", 7}}}};
  EXPECT_NO_THROW(static_cast<void>(Spec(document).hooks()));
}

TEST(Mount, IsABindByTypeOrByOption) {
  EXPECT_TRUE((Mount{.destination = "/x", .type = "bind", .source = "/y", .options = {}}).is_bind());
  EXPECT_TRUE((Mount{.destination = "/x", .type = "none", .source = "/y", .options = {"ro", "rbind"}}).is_bind());
  EXPECT_TRUE((Mount{.destination = "/x", .type = "tmpfs", .source = "/y", .options = {"bind"}}).is_bind());
  EXPECT_FALSE((Mount{.destination = "/x", .type = "tmpfs", .source = "bind", .options = {"size=1"}}).is_bind());
}

TEST(Process, CollectsCapabilitiesOfAllSetsThatItKnows) {
  const Value document = {{"capabilities", {{"bounding", {"CAP_CHOWN", "CAP_UNHEARD_OF"}}, {"ambient", {"cap_kill"}}}}};
  EXPECT_THAT(Process(document).all_capabilities().names(), ElementsAre("CAP_CHOWN", "CAP_KILL"));
  EXPECT_FALSE(Process(document).capabilities("effective"));
}

TEST(LinuxResources, ReadsADeviceRuleWithoutTypeOrNumbersAsAWildcard) {
  const Value document = {{"devices", Value::array({{{"allow", true}, {"access", "rwm"}}})}};
  const auto rules = LinuxResources(document).devices();
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules[0].type, "a");
  EXPECT_EQ(rules[0].major, -1);
  EXPECT_EQ(rules[0].minor, -1);
}

TEST(LinuxResources, KeepsSignsAndLargeNumbers) {
  const Value document = {{"memory", {{"limit", -1}, {"swap", INT64_MAX}}}, {"cpu", {{"period", UINT64_MAX}}}};
  const LinuxResources resources(document);
  EXPECT_EQ(resources.integer("memory", "limit"), -1);
  EXPECT_EQ(resources.integer("memory", "swap"), INT64_MAX);
  EXPECT_EQ(resources.integer("cpu", "period"), INT64_MAX);
}

}  // namespace
}  // namespace runward::oci

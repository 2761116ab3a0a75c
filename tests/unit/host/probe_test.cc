// SPDX-License-Identifier: Apache-2.0
#include "shim/host/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace runward::host {
namespace {

using policy::Mode;
using policy::RuleId;

policy::Policy with_only(RuleId rule) {
  policy::Policy policy;
  for (auto& setting : policy.rules) setting.mode = Mode::off;
  policy.rule(rule).mode = Mode::enforce;
  return policy;
}
ProbeInput input() {
  return {
      .runtime_root = "/run/docker/runtime-runc/moby", .container_id = "abc", .build_root = {}, .runtime_features = {}};
}

TEST(EngineNamespaceOf, IsTheLastPartOfTheRoot) {
  EXPECT_EQ(engine_namespace_of("/run/docker/runtime-runc/moby"), "moby");
  EXPECT_EQ(engine_namespace_of("/run/docker/runtime-runc/plugins.moby/"), "plugins.moby");
  EXPECT_EQ(engine_namespace_of("moby"), "moby");
  EXPECT_EQ(engine_namespace_of("/"), "");
  EXPECT_EQ(engine_namespace_of(""), "");
}

TEST(Probe, TellsMemoryAndCpus) {
  const oci::Value document = oci::Value::object();
  const auto memory = probe(oci::Spec(document), with_only(RuleId::memory), input());
  ASSERT_TRUE(memory);
  EXPECT_GT(memory->memory_bytes, 1U << 20U);
  EXPECT_EQ(memory->engine_namespace, "moby");
  const auto cpu = probe(oci::Spec(document), with_only(RuleId::cpu), input());
  ASSERT_TRUE(cpu);
  EXPECT_GE(cpu->cpu_count, 1U);
}

TEST(Probe, KnowsItsOwnNamespacesForTheHosts) {
  const oci::Value document = {{"linux",
                                {{"namespaces",
                                  {{{"type", "network"}, {"path", "/proc/self/ns/net"}},
                                   {{"type", "mount"}, {"path", "/proc/self/ns/mnt"}},
                                   {{"type", "pid"}, {"path", "/not/there"}},
                                   {{"type", "ipc"}}}}}}};
  const auto facts = probe(oci::Spec(document), with_only(RuleId::namespaces), input());
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->namespace_paths.at("/proc/self/ns/net").is_host);
  EXPECT_TRUE(facts->namespace_paths.at("/proc/self/ns/net").is_process);
  EXPECT_TRUE(facts->namespace_paths.at("/proc/self/ns/mnt").is_host);
  EXPECT_TRUE(facts->namespace_paths.at("/not/there").is_host) << "what can't be looked at may be the host's";
  EXPECT_EQ(facts->namespace_paths.size(), 3U);
}

TEST(Probe, AsksTheRuntimeOnlyAboutNamespacesThatNotEveryOneKnows) {
  int asked = 0;
  ProbeInput counting = input();
  counting.runtime_features = [&] {
    ++asked;
    return std::optional(RuntimeFeatures{.namespaces = {"mount"}, .seccomp_flags = {}});
  };
  const oci::Value plain = {{"linux", {{"namespaces", oci::Value::array({{{"type", "pid"}}})}}}};
  const oci::Value with_time = {{"linux", {{"namespaces", oci::Value::array({{{"type", "time"}}})}}}};
  ASSERT_TRUE(probe(oci::Spec(plain), with_only(RuleId::namespaces), counting));
  EXPECT_EQ(asked, 0);
  const auto facts = probe(oci::Spec(with_time), with_only(RuleId::namespaces), counting);
  ASSERT_TRUE(facts);
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(facts->runtime_features.has_value());
}

TEST(Probe, ResolvesHooks) {
  const oci::Value document = {{"hooks", {{"prestart", {{{"path", "/proc/self/exe"}}, {{"path", "/not/there"}}}}}}};
  const auto facts = probe(oci::Spec(document), with_only(RuleId::hooks), input());
  ASSERT_TRUE(facts);
  EXPECT_THAT(facts->hooks.at("/proc/self/exe").resolved, testing::EndsWith("_test"));
  EXPECT_EQ(facts->hooks.at("/not/there").resolved, "");
  EXPECT_FALSE(facts->hooks.at("/not/there").only_root_writes);
}

TEST(Probe, LooksAtNothingThatThePolicyDoesNotAskFor) {
  const oci::Value document = {
      {"mounts", oci::Value::array({{{"destination", "/x"}, {"type", "bind"}, {"source", "/"}}})},
      {"hooks", {{"prestart", oci::Value::array({{{"path", "/x"}}})}}}};
  policy::Policy off;
  for (auto& setting : off.rules) setting.mode = Mode::off;
  const auto facts = probe(oci::Spec(document), off, input());
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->memory_bytes, 0U);
  EXPECT_TRUE(facts->mount_sources.empty());
  EXPECT_TRUE(facts->hooks.empty());
  EXPECT_FALSE(facts->container.has_value());
}

}  // namespace
}  // namespace runward::host

// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

Value list_of(const std::vector<std::string>& types) {
  Value list = Value::array();
  for (const std::string& type : types) list.push_back({{"type", type}});
  return list;
}
Value document_with(const Value& namespaces) { return {{"linux", {{"namespaces", namespaces}}}}; }
const std::vector<std::string> kAll = {"mount", "network", "uts", "pid", "ipc", "cgroup"};

Value all_but(const std::string& missing) {
  std::vector<std::string> types = kAll;
  std::erase(types, missing);
  return list_of(types);
}
Value all_with_path(const std::string& type, const std::string& path) {
  Value list = all_but(type);
  list.push_back({{"type", type}, {"path", path}});
  return list;
}

TEST(RequireOwnNamespaces, HasNothingToSayWhenEachIsOwn) {
  const Verdict verdict = Bench().verdict(require_own_namespaces, document_with(list_of(kAll)));
  EXPECT_THAT(verdict.findings, IsEmpty());
  EXPECT_THAT(verdict.changes, IsEmpty());
}

TEST(RequireOwnNamespaces, RefusesTheHosts) {
  const Bench bench;
  for (const std::string type : {"pid", "ipc", "uts", "network", "mount"})
    EXPECT_THAT(bench.refusals(require_own_namespaces, document_with(all_but(type))),
                ElementsAre("the host's " + type + " namespace"));
}

TEST(RequireOwnNamespaces, AddsACgroupNamespaceWithoutAWord) {
  const Bench bench;
  EXPECT_THAT(bench.refusals(require_own_namespaces, document_with(all_but("cgroup"))), IsEmpty());
  EXPECT_EQ(bench.after(require_own_namespaces, document_with(all_but("cgroup"))), document_with(list_of(kAll)));
}

TEST(RequireOwnNamespaces, AddsWhatIsMissingWhenItStrips) {
  Bench bench;
  bench.strips(RuleId::namespaces);
  const Value after = bench.after(require_own_namespaces, document_with(nullptr));
  EXPECT_THAT(strings([&] {
                Value types = Value::array();
                for (const Value& entry : after["linux"]["namespaces"]) types.push_back(entry["type"]);
                return types;
              }()),
              testing::UnorderedElementsAreArray(kAll));
}

TEST(RequireOwnNamespaces, LetsTheHostsThroughThatTheProfileLists) {
  Bench bench;
  bench.policy.namespaces.host_allowed = {"network"};
  EXPECT_THAT(bench.refusals(require_own_namespaces, document_with(all_but("network"))), IsEmpty());
}

TEST(RequireOwnNamespaces, RefusesTheHostsByPath) {
  Bench bench;
  bench.host.namespace_paths["/proc/1/ns/pid"] = {.is_host = true, .is_process = true};
  EXPECT_THAT(bench.refusals(require_own_namespaces, document_with(all_with_path("pid", "/proc/1/ns/pid"))), SizeIs(1));
}

TEST(RequireOwnNamespaces, TakesAPathThatNobodyLookedAtForTheHosts) {
  EXPECT_THAT(Bench().refusals(require_own_namespaces, document_with(all_with_path("user", "/unknown"))),
              ElementsAre("the host's 'user' namespace"));
}

TEST(RequireOwnNamespaces, LetsAnothersBeJoinedOnlyWhereTheProfileAllowsIt) {
  Bench bench;
  bench.host.namespace_paths["/proc/7/ns/net"] = {.is_host = false, .is_process = true};
  const Value document = document_with(all_with_path("network", "/proc/7/ns/net"));
  EXPECT_THAT(bench.refusals(require_own_namespaces, document), IsEmpty());
  bench.policy.namespaces.join_containers = false;
  EXPECT_THAT(bench.refusals(require_own_namespaces, document), ElementsAre("another container's 'network' namespace"));
}

TEST(RequireOwnNamespaces, LetsTheEnginesOwnPlaceBeUsedEverywhere) {
  Bench bench;
  bench.policy.namespaces.join_containers = false;
  bench.host.namespace_paths["/run/netns/cni-1"] = {.is_host = false, .is_process = false};
  EXPECT_THAT(bench.refusals(require_own_namespaces, document_with(all_with_path("network", "/run/netns/cni-1"))),
              IsEmpty());
}

TEST(RequireOwnNamespaces, DropsThePathWhenItStrips) {
  Bench bench;
  bench.strips(RuleId::namespaces);
  EXPECT_EQ(bench.after(require_own_namespaces, document_with(all_with_path("pid", "/unknown"))), document_with([] {
              Value list = all_but("pid");
              list.push_back({{"type", "pid"}});
              return list;
            }()));
}

TEST(RequireOwnNamespaces, DropsATimeNamespaceThatTheRuntimeDoesNotKnow) {
  Bench bench;
  Value list = list_of(kAll);
  list.insert(list.begin(), Value({{"type", "time"}}));
  EXPECT_THAT(bench.verdict(require_own_namespaces, document_with(list)).changes, IsEmpty());
  bench.host.runtime_features = host::RuntimeFeatures{.namespaces = {"mount", "time"}, .seccomp_flags = {}};
  EXPECT_THAT(bench.verdict(require_own_namespaces, document_with(list)).changes, IsEmpty());
  bench.host.runtime_features = host::RuntimeFeatures{.namespaces = {"mount"}, .seccomp_flags = {}};
  EXPECT_EQ(bench.after(require_own_namespaces, document_with(list)), document_with(list_of(kAll)));
}

}  // namespace
}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

struct Row {
  const char* path;
  bool refused;
};

TEST(LimitCgroupPath, KnowsTheParentInBothForms) {
  Bench bench;
  bench.policy.cgroup_parents = {"/docker", "system.slice", "/kubepods*"};
  for (const Row& row :
       {Row{"/docker/abc", false}, Row{"system.slice:docker:abc", false}, Row{"/kubepods/burstable/x/abc", false},
        Row{"", false}, Row{"/elsewhere/abc", true}, Row{"/abc", true}, Row{"docker/abc", true},
        Row{"user.slice:docker:abc", true}, Row{"/docker/inner/abc", true}, Row{"/dockerx/abc", true}})
    EXPECT_EQ(!bench.refusals(limit_cgroup_path, {{"linux", {{"cgroupsPath", row.path}}}}).empty(), row.refused)
        << row.path;
}

TEST(LimitCgroupPath, KnowsWhichEngineAParentIsFor) {
  Bench bench;
  bench.policy.cgroup_parents = {"moby:/docker", "!moby:/kubepods*", "/any", "/with:colon"};
  struct Case {
    const char* engine;
    const char* path;
    bool refused;
  };
  for (const Case& row :
       {Case{"moby", "/docker/abc", false}, Case{"k8s.io", "/docker/abc", true}, Case{"", "/docker/abc", true},
        Case{"moby", "/kubepods/abc", true}, Case{"k8s.io", "/kubepods/pod1/abc", false},
        Case{"", "/kubepods/abc", false}, Case{"moby", "/any/abc", false}, Case{"k8s.io", "/any/abc", false},
        Case{"moby", "/with:colon/abc", false}, Case{"moby", "moby:/docker/abc", true},
        Case{"k8s.io", "!moby:/kubepods/abc", true}}) {
    bench.host.engine_namespace = row.engine;
    EXPECT_EQ(!bench.refusals(limit_cgroup_path, {{"linux", {{"cgroupsPath", row.path}}}}).empty(), row.refused)
        << row.engine << " " << row.path;
  }
}

TEST(LimitCgroupPath, LetsContainerdsNamespaceBeAParentButDockersOnlyWhereItIsListed) {
  Bench bench;
  bench.host.engine_namespace = "by-hand";
  EXPECT_THAT(bench.refusals(limit_cgroup_path, {{"linux", {{"cgroupsPath", "/by-hand/abc"}}}}), IsEmpty());
  bench.host.engine_namespace = "moby";
  EXPECT_THAT(bench.refusals(limit_cgroup_path, {{"linux", {{"cgroupsPath", "/moby/abc"}}}}), SizeIs(1));
}

// With the cgroupfs driver dockerd joins parent and id by '/', and runc takes the colons for part of a name: this is a
// cgroup at the root, `docker run --cgroup-parent system.slice:a:b`.
TEST(LimitCgroupPath, IsNotFooledByColonsInAPathOfTheCgroupfsDriver) {
  Bench bench;
  bench.policy.cgroup_parents = {"/docker", "system.slice"};
  for (const char* path : {"system.slice:a:b/abc", "/docker:a:b/abc"})
    EXPECT_THAT(bench.refusals(limit_cgroup_path, {{"linux", {{"cgroupsPath", path}}}}), SizeIs(1)) << path;
}

}  // namespace
}  // namespace runward::harden::steps

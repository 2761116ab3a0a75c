// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

Value with_hook(const char* kind, const Value& hook) { return {{"hooks", {{kind, Value::array({hook})}}}}; }

TEST(LimitHooks, AcceptsTheEnginesOwnProgram) {
  Bench bench;
  bench.host.hooks["/proc/1234/exe"] = {.resolved = "/usr/bin/dockerd", .only_root_writes = true};
  const Value hook = {{"path", "/proc/1234/exe"}, {"args", {"libnetwork-setkey", "-exec-root=/run/docker"}}};
  EXPECT_THAT(bench.refusals(limit_hooks, with_hook("prestart", hook)), IsEmpty());
}

// A container's root can leave a file of that name, owned by root, in a volume.
TEST(LimitHooks, RefusesAFileThatOnlyBearsAnEnginesName) {
  Bench bench;
  bench.host.hooks["/srv/dockerd"] = {.resolved = "/srv/dockerd", .only_root_writes = true};
  bench.host.hooks["/proc/1234/exe"] = {.resolved = "/usr/bin/dockerd", .only_root_writes = true};
  const Value named = {{"path", "/srv/dockerd"}, {"args", {"libnetwork-setkey"}}};
  const Value other_job = {{"path", "/proc/1234/exe"}, {"args", {"dockerd", "-H", "tcp://0.0.0.0"}}};
  for (const Value& hook : {named, other_job})
    EXPECT_THAT(bench.refusals(limit_hooks, with_hook("createRuntime", hook)), SizeIs(1)) << hook;
}

TEST(LimitHooks, AcceptsAListedProgramByItsResolvedPath) {
  Bench bench;
  bench.policy.hook_paths = {"/opt/hooks/real"};
  bench.host.hooks["/opt/hooks/link"] = {.resolved = "/opt/hooks/real", .only_root_writes = true};
  EXPECT_THAT(bench.refusals(limit_hooks, with_hook("createRuntime", {{"path", "/opt/hooks/link"}})), IsEmpty());
}

TEST(LimitHooks, RefusesWhatOthersCanWriteWhatIsUnlistedAndWhatIsUnknown) {
  Bench bench;
  bench.policy.hook_paths = {"/home/u/hook"};
  bench.host.hooks["/home/u/hook"] = {.resolved = "/home/u/hook", .only_root_writes = false};
  bench.host.hooks["/home/u/dockerd"] = {.resolved = "/home/u/dockerd", .only_root_writes = false};
  bench.host.hooks["/usr/bin/curl"] = {.resolved = "/usr/bin/curl", .only_root_writes = true};
  for (const char* path : {"/home/u/hook", "/home/u/dockerd", "/usr/bin/curl", "/not/probed", ""})
    EXPECT_THAT(bench.refusals(limit_hooks, with_hook("poststop", {{"path", path}})), SizeIs(1)) << path;
}

TEST(LimitHooks, StripsFromTheLastToTheFirst) {
  Bench bench;
  bench.strips(RuleId::hooks);
  bench.policy.hook_paths = {"/good"};
  bench.host.hooks["/good"] = {.resolved = "/good", .only_root_writes = true};
  const Value document = {{"hooks", {{"prestart", {{{"path", "/bad"}}, {{"path", "/good"}}, {{"path", "/worse"}}}}}}};
  EXPECT_EQ(bench.after(limit_hooks, document)["hooks"]["prestart"], Value::array({{{"path", "/good"}}}));
}

// check_shape does not look into kinds of hooks that it does not know.
TEST(LimitHooks, SurvivesAnUnknownKindOfHookWithAWrongType) {
  const Bench bench;
  for (const Value& hook : {Value({{"path", 5}}), Value(5), Value(nullptr), Value::object()})
    EXPECT_NO_THROW(EXPECT_THAT(bench.refusals(limit_hooks, with_hook("unheardOf", hook)), SizeIs(1))) << hook;
}

}  // namespace
}  // namespace runward::harden::steps

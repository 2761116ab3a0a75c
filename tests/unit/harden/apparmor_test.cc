// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

Bench bench_with_loaded_profile() {
  Bench bench;
  bench.policy.apparmor.profile = "docker-default";
  bench.host.apparmor_enabled = true;
  bench.host.apparmor_loaded = {"docker-default"};
  return bench;
}

TEST(SetApparmorProfile, SetsTheNameWhereTheKernelHasItLoaded) {
  const Bench bench = bench_with_loaded_profile();
  EXPECT_EQ(bench.after(set_apparmor_profile, Value::object())["apparmorProfile"], "docker-default");
  EXPECT_EQ(bench.after(set_apparmor_profile, {{"apparmorProfile", "some-profile"}})["apparmorProfile"],
            "docker-default");
}

TEST(SetApparmorProfile, SetsTheNameOfOneThatIsYetToBeLoaded) {
  Bench bench;
  bench.policy.apparmor = {.profile = "runward-default", .required = true, .source = "builtin:default"};
  bench.host.apparmor_enabled = true;
  bench.host.apparmor_loadable = {"runward-default"};
  EXPECT_EQ(bench.after(set_apparmor_profile, Value::object())["apparmorProfile"], "runward-default");
  EXPECT_EQ(bench.after(set_apparmor_profile, {{"apparmorProfile", "docker-default"}})["apparmorProfile"],
            "runward-default");
}

TEST(SetApparmorProfile, SaysWhatToDoWhereItCanNotBeLoaded) {
  Bench bench;
  bench.policy.apparmor = {.profile = "runward-default", .required = true, .source = "builtin:default"};
  const auto advice = [&] { return bench.verdict(set_apparmor_profile, Value::object()).findings.at(0).advice; };
  EXPECT_THAT(advice(), HasSubstr("boot a kernel with AppArmor"));
  bench.host.apparmor_enabled = true;
  EXPECT_THAT(advice(), HasSubstr("install the package apparmor"));
  bench.policy.apparmor.source.clear();
  EXPECT_THAT(advice(), HasSubstr("apparmor_parser -r"));
  bench.policy.apparmor.required = false;
  EXPECT_EQ(bench.after(set_apparmor_profile, {{"apparmorProfile", "docker-default"}})["apparmorProfile"],
            "docker-default");
}

TEST(SetApparmorProfile, RefusesUnconfined) {
  const Bench bench = bench_with_loaded_profile();
  EXPECT_THAT(bench.refusals(set_apparmor_profile, {{"apparmorProfile", "unconfined"}}), SizeIs(1));
}

TEST(SetApparmorProfile, ReplacesUnconfinedWhenItStrips) {
  Bench bench = bench_with_loaded_profile();
  bench.strips(RuleId::apparmor);
  EXPECT_EQ(bench.after(set_apparmor_profile, {{"apparmorProfile", "unconfined"}})["apparmorProfile"],
            "docker-default");
}

TEST(SetApparmorProfile, LeavesAHostWithoutAppArmorAlone) {
  Bench bench;
  bench.policy.apparmor.profile = "docker-default";
  const Verdict verdict = bench.verdict(set_apparmor_profile, Value::object());
  EXPECT_THAT(verdict.changes, IsEmpty());
  EXPECT_THAT(verdict.findings, IsEmpty());
}

TEST(SetApparmorProfile, RefusesAHostWithoutAppArmorWhereItIsRequired) {
  Bench bench;
  bench.policy.apparmor = {.profile = "docker-default", .required = true, .source = {}};
  EXPECT_THAT(bench.refusals(set_apparmor_profile, Value::object()), SizeIs(1));
  bench.host.apparmor_enabled = true;
  EXPECT_THAT(bench.refusals(set_apparmor_profile, Value::object()), SizeIs(1));
}

}  // namespace
}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

using policy::Mode;

Context plain_context(const Bench& bench) { return bench.context(); }

Bench bench_with_only(RuleId rule, Mode mode) {
  Bench bench;
  for (auto& setting : bench.policy.rules) setting.mode = Mode::off;
  bench.policy.rule(rule).mode = mode;
  bench.policy.profile = "p";
  return bench;
}

TEST(Pipeline, HasARowForEveryRule) {
  for (const policy::Rule& rule : policy::kRules)
    EXPECT_GE(std::ranges::count(step_table(), rule.id, &Step::rule), 1) << rule.name;
}

TEST(Pipeline, LetsEachStepLookAtAWholeDocumentInOneWay) {
  for (const Step& step : step_table())
    EXPECT_TRUE(step.on_spec != nullptr || ((step.on_process != nullptr) != (step.on_resources != nullptr)))
        << name_of(step.rule);
}

TEST(Pipeline, RunsAStepsOtherViewsOnlyOnTheirOwnDocuments) {
  Bench bench = bench_with_only(RuleId::runtime_flags, Mode::enforce);
  bench.call.exec_cgroup = true;
  Value document = Value::object();
  EXPECT_FALSE(harden(oci::Document::spec, document, plain_context(bench))->refused());
  EXPECT_TRUE(harden(oci::Document::process, document, plain_context(bench))->refused());
  EXPECT_FALSE(harden(oci::Document::resources, document, plain_context(bench))->refused());
}

TEST(Pipeline, RunsStepsOnThePartThatADocumentIs) {
  const Bench bench = bench_with_only(RuleId::no_new_privileges, Mode::enforce);
  Value spec = Value::object();
  Value process = Value::object();
  Value resources = Value::object();
  ASSERT_TRUE(harden(oci::Document::spec, spec, plain_context(bench)));
  ASSERT_TRUE(harden(oci::Document::process, process, plain_context(bench)));
  ASSERT_TRUE(harden(oci::Document::resources, resources, plain_context(bench)));
  EXPECT_EQ(spec["process"]["noNewPrivileges"], true);
  EXPECT_EQ(process["noNewPrivileges"], true);
  EXPECT_EQ(resources, Value::object());
}

TEST(Pipeline, TellsPointersFromTheRootOfTheDocument) {
  const Bench bench = bench_with_only(RuleId::no_new_privileges, Mode::enforce);
  Value spec = Value::object();
  const auto report = harden(oci::Document::spec, spec, plain_context(bench));
  ASSERT_TRUE(report);
  ASSERT_THAT(report->outcomes, SizeIs(1));
  EXPECT_EQ(report->outcomes[0].verdict.changes[0].where.to_string(), "/process/noNewPrivileges");
}

TEST(Pipeline, ChangesAndRefusesNothingInAudit) {
  Bench bench = bench_with_only(RuleId::oom_score, Mode::audit);
  Value process = {{"oomScoreAdj", -5}};
  const auto report = harden(oci::Document::process, process, plain_context(bench));
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->refused());
  EXPECT_THAT(report->outcomes, SizeIs(1));
  EXPECT_EQ(process["oomScoreAdj"], -5);
}

TEST(Pipeline, RefusesOnAViolationOfAnEnforcedRule) {
  const Bench bench = bench_with_only(RuleId::oom_score, Mode::enforce);
  Value process = {{"oomScoreAdj", -5}};
  const auto report = harden(oci::Document::process, process, plain_context(bench));
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->refused());
  EXPECT_EQ(refusal_message(*report, bench.policy),
            "oom_score_adj -5 is refused by profile 'p' (rule oom-score): drop --oom-score-adj or give at least 0");
}

TEST(Pipeline, NamesTheOtherRulesThatRefuse) {
  Bench bench = bench_with_only(RuleId::capabilities, Mode::enforce);
  bench.policy.rule(RuleId::oom_score).mode = Mode::enforce;
  Value process = {{"oomScoreAdj", -5}, {"capabilities", {{"bounding", {"CAP_SYS_ADMIN", "CAP_SYS_BOOT"}}}}};
  const auto report = harden(oci::Document::process, process, plain_context(bench));
  ASSERT_TRUE(report);
  EXPECT_THAT(refusal_message(*report, bench.policy), testing::StartsWith("capability CAP_SYS_ADMIN is refused"));
  EXPECT_THAT(refusal_message(*report, bench.policy), testing::EndsWith("(refused as well by: oom-score)"));
}

TEST(Quote, CutsAndReplacesWhatWouldBreakALine) {
  EXPECT_EQ(quote("a\nb'c\x7f"), "'a?b?c?'");
  EXPECT_LE(quote(std::string(1000, 'x')).size(), 90U);
}

TEST(Quote, DoesNotCutACharacterInTwo) {
  const std::string text = std::string(79, 'x') + "\xC3\xA9" + "more";
  EXPECT_NO_THROW(static_cast<void>(Value(quote(text)).dump()));
}

}  // namespace
}  // namespace runward::harden::steps

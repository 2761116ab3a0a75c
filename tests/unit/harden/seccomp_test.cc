// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

Value with_filter(const Value& seccomp) { return {{"linux", {{"seccomp", seccomp}}}}; }
const Value kBaseline = {{"defaultAction", "SCMP_ACT_ERRNO"}, {"architectures", {"SCMP_ARCH_X86_64"}}};

Bench bench_of(const char* engine) {
  Bench bench;
  bench.baseline = kBaseline;
  bench.host.engine_namespace = engine;
  return bench;
}

TEST(RequireSeccomp, RefusesUnconfinedFromDockerWhichAlwaysGivesAFilter) {
  EXPECT_THAT(bench_of("moby").refusals(require_seccomp, with_filter(nullptr)), SizeIs(1));
}

TEST(RequireSeccomp, RefusesAFilterThatLetsEverythingThrough) {
  for (const char* action :
       {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE", "SCMP_ACT_NOTIFY", "", "scmp_act_errno"})
    EXPECT_THAT(bench_of("default").refusals(require_seccomp, with_filter({{"defaultAction", action}})), SizeIs(1))
        << action;
}

TEST(RequireSeccomp, PutsTheBaselineInPlaceWhereAnEngineGaveNone) {
  const Bench bench = bench_of("default");
  EXPECT_THAT(bench.refusals(require_seccomp, with_filter(nullptr)), IsEmpty());
  EXPECT_EQ(bench.after(require_seccomp, with_filter(nullptr)), with_filter(kBaseline));
}

TEST(RequireSeccomp, PutsTheBaselineInPlaceWhenItStrips) {
  Bench bench = bench_of("moby");
  bench.strips(RuleId::seccomp);
  EXPECT_EQ(bench.after(require_seccomp, with_filter({{"defaultAction", "SCMP_ACT_ALLOW"}})), with_filter(kBaseline));
}

TEST(RequireSeccomp, RefusesWhereThereIsNoBaselineToPutInPlace) {
  Bench bench;
  bench.strips(RuleId::seccomp);
  EXPECT_THAT(bench.refusals(require_seccomp, Value::object()), SizeIs(1));
}

TEST(RequireSeccomp, KeepsAFilterThatConfines) {
  for (const char* action :
       {"SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP"})
    EXPECT_THAT(bench_of("moby").verdict(require_seccomp, with_filter({{"defaultAction", action}})).changes, IsEmpty())
        << action;
}

TEST(RequireSeccomp, KeepsSpectreMitigationsOn) {
  const Value filter = {
      {"defaultAction", "SCMP_ACT_ERRNO"},
      {"flags", {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"}}};
  EXPECT_EQ(bench_of("moby").after(require_seccomp, with_filter(filter))["linux"]["seccomp"]["flags"],
            Value::array({"SECCOMP_FILTER_FLAG_LOG"}));
}

Value with_architectures(const Value& architectures) {
  return with_filter({{"defaultAction", "SCMP_ACT_ERRNO"}, {"architectures", architectures}});
}

TEST(RequireSeccomp, TakesOutArchitecturesThatTheBaselineDoesNotName) {
  EXPECT_EQ(bench_of("moby").after(require_seccomp,
                                   with_architectures({"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"})),
            with_architectures(Value::array({"SCMP_ARCH_X86_64"})));
}

TEST(RequireSeccomp, LeavesTheMachinesOwnArchitectureWhereTheBaselineNamesNone) {
  Bench bench;
  bench.baseline = {{"defaultAction", "SCMP_ACT_ERRNO"}};
  EXPECT_EQ(bench.after(require_seccomp, with_architectures({"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"})),
            with_filter({{"defaultAction", "SCMP_ACT_ERRNO"}}));
}

TEST(RequireSeccomp, TakesTheBaselinesErrorsAlongWithItsConditions) {
  Bench bench;
  const Value condition = Value::array({{{"index", 2}, {"value", 9}, {"op", "SCMP_CMP_EQ"}}});
  const Value allowed = {{"names", {"socket"}},
                         {"action", "SCMP_ACT_ALLOW"},
                         {"args", Value::array({{{"index", 0}, {"value", 1}, {"op", "SCMP_CMP_EQ"}}})}};
  const Value answered = {{"names", {"socket"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 93}, {"args", condition}};
  bench.baseline = {{"defaultAction", "SCMP_ACT_ERRNO"}, {"syscalls", Value::array({allowed, answered})}};
  const Value document =
      with_filter({{"defaultAction", "SCMP_ACT_ERRNO"},
                   {"syscalls", Value::array({{{"names", {"socket"}}, {"action", "SCMP_ACT_ALLOW"}}})}});
  EXPECT_THAT(bench.after(require_seccomp, document)["linux"]["seccomp"]["syscalls"],
              testing::UnorderedElementsAre(allowed, answered));
}

TEST(RequireSeccomp, AnswersCallsThatItTakesOutWithTheBaselinesError) {
  Bench bench;
  const auto answer = [](const char* call, int error) {
    return Value{{"names", {call}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", error}};
  };
  bench.baseline = {
      {"defaultAction", "SCMP_ACT_ERRNO"},
      {"syscalls",
       Value::array({{{"names", {"io_uring_setup", "clone3"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 38}}})}};
  const Value lets_through = {{"names", {"io_uring_setup", "clone3"}}, {"action", "SCMP_ACT_ALLOW"}};
  const Value document = with_filter(
      {{"defaultAction", "SCMP_ACT_ERRNO"}, {"syscalls", Value::array({lets_through, answer("clone3", 1)})}});
  EXPECT_THAT(bench.after(require_seccomp, document)["linux"]["seccomp"]["syscalls"],
              testing::UnorderedElementsAre(answer("clone3", 1), answer("io_uring_setup", 38)));
}

TEST(RequireSeccomp, TakesOutCallsThatTheBaselineNeverLetsThrough) {
  Bench bench;
  bench.baseline = {{"defaultAction", "SCMP_ACT_ERRNO"},
                    {"syscalls", Value::array({{{"names", {"read", "write"}}, {"action", "SCMP_ACT_ALLOW"}}})}};
  const Value document = {
      {"linux",
       {{"seccomp",
         {{"defaultAction", "SCMP_ACT_ERRNO"},
          {"syscalls", Value::array({{{"names", {"read", "bpf", "unshare"}}, {"action", "SCMP_ACT_ALLOW"}}})}}}}}};
  const Value after = bench.after(require_seccomp, document);
  EXPECT_EQ(after["linux"]["seccomp"]["syscalls"], Value::array({{{"names", {"read"}}, {"action", "SCMP_ACT_ALLOW"}}}));
}

TEST(RequireSeccomp, TakesTheBaselinesConditionsWhereTheDocumentHasNone) {
  Bench bench;
  const Value masked = {{"names", {"clone"}},
                        {"action", "SCMP_ACT_ALLOW"},
                        {"args", Value::array({{{"index", 0}, {"value", 2114060288}, {"op", "SCMP_CMP_MASKED_EQ"}}})}};
  bench.baseline = {{"defaultAction", "SCMP_ACT_ERRNO"}, {"syscalls", Value::array({masked})}};
  const Value document = {{"linux",
                           {{"seccomp",
                             {{"defaultAction", "SCMP_ACT_ERRNO"},
                              {"syscalls", Value::array({{{"names", {"clone"}}, {"action", "SCMP_ACT_ALLOW"}}})}}}}}};
  EXPECT_EQ(bench.after(require_seccomp, document)["linux"]["seccomp"]["syscalls"], Value::array({masked}));
}

Value condition(unsigned index, std::uint64_t value, const char* op) {
  return {{"index", index}, {"value", value}, {"op", op}};
}

Value rule_for(const std::vector<std::string>& names, const Value& conditions) {
  return {{"names", names}, {"action", "SCMP_ACT_ALLOW"}, {"args", conditions}};
}

// The rules after a filter of `given`, where the baseline lets `socket` through for two families and `clone` for none
// of the flags that make namespaces.
class ConditionsOfAFilter : public testing::Test {
 protected:
  const Value unix_ = rule_for({"socket"}, Value::array({condition(0, 1, "SCMP_CMP_EQ")}));
  const Value inet_ = rule_for({"socket"}, Value::array({condition(0, 2, "SCMP_CMP_EQ")}));
  const Value clone_ = rule_for({"clone"}, Value::array({condition(0, 2114060288, "SCMP_CMP_MASKED_EQ")}));

  [[nodiscard]] Bench bench() const {
    Bench bench;
    const Value read = {{"names", {"read"}}, {"action", "SCMP_ACT_ALLOW"}};
    bench.baseline = {{"defaultAction", "SCMP_ACT_ERRNO"}, {"syscalls", Value::array({read, unix_, inet_, clone_})}};
    return bench;
  }
  [[nodiscard]] Value after(const Value& given) const {
    const Value document = with_filter({{"defaultAction", "SCMP_ACT_ERRNO"}, {"syscalls", given}});
    const Value once = bench().after(require_seccomp, document);
    EXPECT_THAT(bench().verdict(require_seccomp, once).changes, IsEmpty()) << "twice is more than once";
    return once["linux"]["seccomp"]["syscalls"];
  }
};

TEST_F(ConditionsOfAFilter, AreReplacedByTheBaselinesWhereTheyAlwaysHold) {
  EXPECT_EQ(after(Value::array({rule_for({"clone"}, Value::array({condition(0, 0, "SCMP_CMP_GE")}))})),
            Value::array({clone_}));
  EXPECT_EQ(after(Value::array({rule_for({"clone"}, Value::array({condition(5, 0, "SCMP_CMP_GE")}))})),
            Value::array({clone_}));
}

TEST_F(ConditionsOfAFilter, AreReplacedByTheBaselinesWhereTheyLetMoreThrough) {
  EXPECT_EQ(after(Value::array({rule_for({"socket"}, Value::array({condition(0, 40, "SCMP_CMP_NE")}))})),
            Value::array({unix_, inet_}));
}

TEST_F(ConditionsOfAFilter, TakeOneCallOutOfARuleForSeveral) {
  const Value given = rule_for({"read", "socket", "bpf"}, Value::array({condition(0, 0, "SCMP_CMP_GE")}));
  EXPECT_EQ(after(Value::array({given})), Value::array({rule_for({"read"}, given["args"]), unix_, inet_}));
}

TEST_F(ConditionsOfAFilter, StayWhereTheyAreTheBaselinesOwn) {
  Value spelled_out = clone_;
  spelled_out["args"][0]["valueTwo"] = 0;
  EXPECT_EQ(after(Value::array({inet_, spelled_out})), Value::array({inet_, spelled_out}));
}

TEST_F(ConditionsOfAFilter, AreOfOneCallOnly) {
  EXPECT_EQ(after(Value::array({rule_for({"clone"}, inet_["args"])})), Value::array({clone_}));
}

TEST_F(ConditionsOfAFilter, AreNotTheBaselinesWithOneMoreOrLess) {
  Value more = inet_;
  more["args"].push_back(condition(0, 17, "SCMP_CMP_EQ"));  // two of one argument: runc takes either
  EXPECT_EQ(after(Value::array({more})), Value::array({unix_, inet_}));
}

TEST_F(ConditionsOfAFilter, StayInRulesThatDeny) {
  Value denies = rule_for({"socket"}, Value::array({condition(0, 0, "SCMP_CMP_GE")}));
  denies["action"] = "SCMP_ACT_ERRNO";
  EXPECT_EQ(after(Value::array({denies})), Value::array({denies}));
}

}  // namespace
}  // namespace runward::harden::steps

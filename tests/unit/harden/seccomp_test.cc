// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include "seccomp/parse.h"
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

using seccomp::Action;
using seccomp::Outcome;

constexpr Outcome kAllow{.action = Action::allow, .data = 0};
constexpr Outcome kRefused{.action = Action::error, .data = EPERM};

Value rule(const std::vector<std::string>& names, const Value& conditions = Value::array(),
           const char* action = "SCMP_ACT_ALLOW") {
  return {{"names", names}, {"action", action}, {"args", conditions}};
}
Value condition(unsigned index, std::uint64_t value, const char* op, std::uint64_t second = 0) {
  return {{"index", index}, {"value", value}, {"valueTwo", second}, {"op", op}};
}
Value filter(const std::vector<Value>& rules) {
  return {{"defaultAction", "SCMP_ACT_ERRNO"}, {"defaultErrnoRet", EPERM}, {"syscalls", rules}};
}
const Value kStart = rule({"execve", "exit_group"});

Value with_filter(const Value& seccomp) { return {{"linux", {{"seccomp", seccomp}}}}; }

Bench bench_of(const char* engine, const Value& baseline = filter({kStart, rule({"read", "write"})})) {
  Bench bench;
  bench.baseline = *seccomp::parse_template(baseline, "baseline");
  bench.host.engine_namespace = engine;
  return bench;
}

seccomp::Profile profile_in(const Value& document) {
  const auto profile = seccomp::parse_profile(document["linux"]["seccomp"], "after");
  EXPECT_TRUE(profile) << profile.error().message;
  return *profile;
}

Outcome outcome(const Value& document, std::string_view call, const seccomp::Arguments& arguments = {}) {
  return seccomp::decide(profile_in(document), call, arguments);
}

// Refused by the trial's profile: logged where the bound allows it, refused where that does not, ENOSYS by name as
// ever.
TEST(RequireSeccomp, WhileAProfileIsTriedOutRefusalsAreLoggedWithinTheBound) {
  Bench bench = bench_of("moby", filter({kStart, rule({"read"}), rule({"write"}, Value::array(), "SCMP_ACT_ERRNO")}));
  bench.logged_within =
      *seccomp::parse_template(filter({kStart, rule({"read", "write", "chroot", "clone3"}),
                                       rule({"socket"}, Value::array({condition(0, 1, "SCMP_CMP_EQ")}))}),
                               "bound");
  const Value asked = filter({kStart, rule({"read", "write", "chroot", "socket", "mount", "clone3"})});
  const Value document = bench.after(require_seccomp, with_filter(asked));
  constexpr Outcome kLogged{.action = Action::log, .data = 0};
  EXPECT_EQ(outcome(document, "read"), kAllow);
  EXPECT_EQ(outcome(document, "write"), kLogged);
  EXPECT_EQ(outcome(document, "chroot"), kLogged);
  EXPECT_EQ(outcome(document, "socket", {1}), kLogged);
  EXPECT_EQ(outcome(document, "socket", {2}), kRefused);
  EXPECT_EQ(outcome(document, "mount"), kRefused);
  EXPECT_EQ(outcome(document, "clone3"), (Outcome{.action = Action::error, .data = ENOSYS}));
}

TEST(RequireSeccomp, NothingIsLetThroughInATrialThatDidNotComeWithTheContainer) {
  Bench bench = bench_of("moby", filter({kStart, rule({"read"})}));
  bench.logged_within = *seccomp::parse_template(filter({kStart, rule({"read", "write", "chroot"})}), "bound");
  const Value document = bench.after(require_seccomp, with_filter(filter({kStart, rule({"read", "write"})})));
  EXPECT_EQ(outcome(document, "chroot"), kRefused);
  EXPECT_EQ(outcome(document, "write").action, Action::log);
}

// Whichever way the filter came to be.
TEST(RequireSeccomp, WhileCallsAreRecordedByTheAuditWhatIsAllowedIsLoggedAndNothingElseDiffers) {
  const Value asked = filter({kStart, rule({"read"}), rule({"write"}, Value::array({condition(0, 1, "SCMP_CMP_EQ")})),
                              rule({"mount"}), rule({"getpid"}, Value::array(), "SCMP_ACT_TRAP")});
  for (const char* engine : {"moby", "default"}) {
    for (const Value& document : {with_filter(asked), with_filter(nullptr)}) {
      Bench bench = bench_of(engine);
      bench.strips(RuleId::seccomp);
      const Value plain = bench.after(require_seccomp, document);
      bench.logs_allowed = true;
      const Value logging = bench.after(require_seccomp, document);
      EXPECT_EQ(logging["linux"]["seccomp"]["defaultAction"], plain["linux"]["seccomp"]["defaultAction"]);
      for (const char* call : {"execve", "read", "write", "mount", "getpid", "clone3", "bpf"})
        for (const std::uint64_t first : {0U, 1U, 2U}) {
          const Outcome expected = outcome(plain, call, {first});
          constexpr Outcome kLogged{.action = Action::log, .data = 0};
          EXPECT_EQ(outcome(logging, call, {first}), expected == kAllow ? kLogged : expected) << call;
        }
    }
  }
}

TEST(RequireSeccomp, AsksForLogsWhereTheRuntimeKnowsHow) {
  Bench bench = bench_of("moby");
  bench.policy.seccomp.log_denials = true;
  const Value asked = with_filter(filter({kStart, rule({"read"})}));
  EXPECT_FALSE(bench.after(require_seccomp, asked)["linux"]["seccomp"].contains("flags"));
  bench.host.runtime_features = host::RuntimeFeatures{.namespaces = {}, .seccomp_flags = {"SECCOMP_FILTER_FLAG_LOG"}};
  EXPECT_EQ(bench.after(require_seccomp, asked)["linux"]["seccomp"]["flags"], Value({"SECCOMP_FILTER_FLAG_LOG"}));
  bench.policy.seccomp.log_denials = false;
  EXPECT_FALSE(bench.after(require_seccomp, asked)["linux"]["seccomp"].contains("flags"));
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
  const Value after = bench.after(require_seccomp, with_filter(nullptr));
  EXPECT_EQ(outcome(after, "read"), kAllow);
  EXPECT_EQ(outcome(after, "bpf"), kRefused);
}

TEST(RequireSeccomp, PutsTheBaselineInPlaceWhenItStrips) {
  Bench bench = bench_of("moby");
  bench.strips(RuleId::seccomp);
  EXPECT_EQ(outcome(bench.after(require_seccomp, with_filter({{"defaultAction", "SCMP_ACT_ALLOW"}})), "bpf"), kRefused);
}

TEST(RequireSeccomp, RefusesWhereThereIsNoBaselineToPutInPlace) {
  Bench bench;
  bench.strips(RuleId::seccomp);
  EXPECT_THAT(bench.refusals(require_seccomp, Value::object()), SizeIs(1));
}

TEST(RequireSeccomp, LetsThroughWhatBothLetThroughAndNothingElse) {
  const Value after = bench_of("moby").after(require_seccomp, with_filter(filter({kStart, rule({"read", "bpf"})})));
  EXPECT_EQ(outcome(after, "read"), kAllow);
  EXPECT_EQ(outcome(after, "write"), kRefused) << "the container's own filter is the stricter";
  EXPECT_EQ(outcome(after, "bpf"), kRefused) << "the baseline is";
}

TEST(RequireSeccomp, TakesTheStricterDefault) {
  Value asked = filter({kStart});
  asked["defaultAction"] = "SCMP_ACT_KILL_PROCESS";
  asked.erase("defaultErrnoRet");
  EXPECT_EQ(outcome(bench_of("moby").after(require_seccomp, with_filter(asked)), "read").action, Action::kill_process);
}

TEST(RequireSeccomp, DependsOnTheCapabilitiesThatAreLeft) {
  Value traced = rule({"ptrace"});
  traced["includes"]["caps"] = {"CAP_SYS_PTRACE"};
  const Bench bench = bench_of("moby", filter({kStart, traced}));
  Value document = with_filter(filter({kStart, rule({"ptrace"})}));
  EXPECT_EQ(outcome(bench.after(require_seccomp, document), "ptrace"), kRefused);
  document["process"]["capabilities"]["bounding"] = {"CAP_SYS_PTRACE"};
  EXPECT_EQ(outcome(bench.after(require_seccomp, document), "ptrace"), kAllow);
}

TEST(RequireSeccomp, AnswersProbesWithNotThere) {
  const Value after = bench_of("moby").after(require_seccomp, with_filter(filter({kStart})));
  EXPECT_EQ(outcome(after, "clone3"), (Outcome{.action = Action::error, .data = ENOSYS}));
  EXPECT_EQ(outcome(after, "mount"), kRefused);
}

TEST(RequireSeccomp, ClosesOtherArchitectures) {
  Value asked = filter({kStart});
  asked["architectures"] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
  EXPECT_THAT(profile_in(bench_of("moby").after(require_seccomp, with_filter(asked))).architectures, IsEmpty());
}

TEST(RequireSeccomp, OpensAnotherArchitectureOnlyWhereBothDo) {
  Value both = filter({kStart});
  both["architectures"] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"};
  const Bench bench = bench_of("moby", both);
  Value asked = both;
  asked["architectures"].push_back("SCMP_ARCH_X32");
  EXPECT_THAT(profile_in(bench.after(require_seccomp, with_filter(asked))).architectures, SizeIs(2));
  EXPECT_THAT(profile_in(bench.after(require_seccomp, with_filter(filter({kStart})))).architectures, IsEmpty());
}

TEST(RequireSeccomp, RefusesAFilterThatNoContainerCanStartWith) {
  const auto refusals = bench_of("moby").refusals(require_seccomp, with_filter(filter({rule({"exit_group"})})));
  EXPECT_THAT(refusals, ElementsAre(HasSubstr("execve")));
}

Value answering(const std::vector<std::string>& names, int number) {
  Value answer = rule(names, Value::array(), "SCMP_ACT_ERRNO");
  answer["errnoRet"] = number;
  return answer;
}

// An errno of 0 would tell the runtime that it gave its privileges up.
TEST(RequireSeccomp, TellsNobodyThatACallWasMade) {
  const Value asked = filter({kStart, answering({"read"}, 0)});
  EXPECT_EQ(outcome(bench_of("moby").after(require_seccomp, with_filter(asked)), "read"), kRefused);
}

TEST(RequireSeccomp, RefusesAFilterThatKeepsTheRuntimeFromGivingPrivilegesUp) {
  const Bench bench = bench_of("moby", filter({kStart, rule({"prctl", "setuid", "capset"})}));
  Value document = with_filter(filter({kStart, rule({"setuid", "capset"})}));
  document["process"]["noNewPrivileges"] = false;
  EXPECT_THAT(bench.refusals(require_seccomp, document), ElementsAre(HasSubstr("prctl")));
  document["process"]["noNewPrivileges"] = true;  // then the filter is loaded after that
  EXPECT_THAT(bench.refusals(require_seccomp, document), IsEmpty());
  document["process"]["noNewPrivileges"] = false;
  document["linux"]["seccomp"] = filter({kStart, rule({"prctl", "setuid", "capset"})});
  EXPECT_THAT(bench.refusals(require_seccomp, document), IsEmpty());
}

TEST(RequireSeccomp, RefusesAFilterThatRuntimesReadOtherwise) {
  Value depends = rule({"read"});
  depends["includes"]["caps"] = {"CAP_CHOWN"};
  EXPECT_THAT(bench_of("moby").refusals(require_seccomp, with_filter(filter({kStart, depends}))), SizeIs(1));
}

TEST(RequireSeccomp, RefusesAFilterOfMoreRulesThanAnybodyWrites) {
  Value names = Value::array();
  Value conditions = Value::array();
  for (int i = 0; i < 200; ++i) {
    names.push_back("call" + std::to_string(i));
    conditions.push_back(condition(0, static_cast<std::uint64_t>(i), "SCMP_CMP_NE"));
  }
  const Value many = {{"names", names}, {"action", "SCMP_ACT_ALLOW"}, {"args", conditions}};
  EXPECT_THAT(bench_of("moby").refusals(require_seccomp, with_filter(filter({kStart, many}))), SizeIs(1));
}

TEST(RequireSeccomp, RefusesAFilterThatAsksAProgramOfTheHost) {
  Value asked = filter({kStart});
  asked["listenerPath"] = "/run/listener.sock";
  EXPECT_THAT(bench_of("moby").refusals(require_seccomp, with_filter(asked)), SizeIs(1));
}

TEST(RequireSeccomp, KeepsSpectreMitigationsOn) {
  Value asked = filter({kStart});
  asked["flags"] = {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"};
  EXPECT_EQ(bench_of("moby").after(require_seccomp, with_filter(asked))["linux"]["seccomp"]["flags"],
            Value::array({"SECCOMP_FILTER_FLAG_LOG"}));
}

// The baseline lets `socket` through for two families and `clone` for none of the flags that make namespaces.
class ConditionsOfAFilter : public testing::Test {
 protected:
  static constexpr std::uint64_t kUnix = 1;
  static constexpr std::uint64_t kInet = 2;
  static constexpr std::uint64_t kAlg = 38;
  static constexpr std::uint64_t kNewUser = 0x10000000;

  const Value unix_ = rule({"socket"}, Value::array({condition(0, kUnix, "SCMP_CMP_EQ")}));
  const Value inet_ = rule({"socket"}, Value::array({condition(0, kInet, "SCMP_CMP_EQ")}));
  const Value clone_ = rule({"clone"}, Value::array({condition(0, 2114060288, "SCMP_CMP_MASKED_EQ")}));

  [[nodiscard]] Value after(const std::vector<Value>& given) const {
    const Bench bench = bench_of("moby", filter({kStart, unix_, inet_, clone_}));
    std::vector<Value> rules = given;
    rules.push_back(kStart);
    Value once = bench.after(require_seccomp, with_filter(filter(rules)));
    EXPECT_THAT(bench.verdict(require_seccomp, once).changes, IsEmpty()) << "twice is more than once";
    return once;
  }
};

TEST_F(ConditionsOfAFilter, ThatAlwaysHoldLetNothingMoreThrough) {
  for (const Value& always : {condition(0, 0, "SCMP_CMP_GE"), condition(5, 0, "SCMP_CMP_GE")}) {
    const Value document = after({rule({"clone"}, Value::array({always}))});
    EXPECT_EQ(outcome(document, "clone", {0x11}), kAllow);
    EXPECT_EQ(outcome(document, "clone", {kNewUser}), kRefused);
  }
}

TEST_F(ConditionsOfAFilter, ThatLetMoreThroughAreNarrowed) {
  const Value document = after({rule({"socket"}, Value::array({condition(0, 1, "SCMP_CMP_NE")}))});
  EXPECT_EQ(outcome(document, "socket", {kInet}), kAllow);
  EXPECT_EQ(outcome(document, "socket", {kUnix}), kRefused);
  EXPECT_EQ(outcome(document, "socket", {kAlg}), kRefused);
}

TEST_F(ConditionsOfAFilter, OfAnotherCallAreNotThisOnes) {
  const Value document = after({rule({"clone"}, inet_["args"])});
  EXPECT_EQ(outcome(document, "clone", {kInet}), kAllow) << "no namespace flag, and what the filter asks for";
  EXPECT_EQ(outcome(document, "clone", {0x11}), kRefused);
}

TEST_F(ConditionsOfAFilter, OnTheSameArgumentAreAlternativesAsForRunc) {
  Value either = inet_;
  either["args"].push_back(condition(0, kAlg, "SCMP_CMP_EQ"));
  const Value document = after({either});
  EXPECT_EQ(outcome(document, "socket", {kInet}), kAllow);
  EXPECT_EQ(outcome(document, "socket", {kAlg}), kRefused);
}

TEST_F(ConditionsOfAFilter, ThatDenyGoBeforeThoseThatAllow) {
  const Value denies = rule({"socket"}, Value::array({condition(0, kInet, "SCMP_CMP_EQ")}), "SCMP_ACT_ERRNO");
  const Value document = after({rule({"socket"}), denies});
  EXPECT_EQ(outcome(document, "socket", {kInet}), kRefused);
  EXPECT_EQ(outcome(document, "socket", {kUnix}), kAllow);
}

TEST_F(ConditionsOfAFilter, TooManyToBeWorkedOutLetNothingThrough) {
  std::vector<Value> crossed;
  for (unsigned bit = 0; bit < 64; ++bit)
    crossed.push_back(
        rule({"clone"},
             Value::array({condition(1, std::uint64_t{1} << bit, "SCMP_CMP_MASKED_EQ", std::uint64_t{1} << bit),
                           condition(2, std::uint64_t{1} << bit, "SCMP_CMP_MASKED_EQ", std::uint64_t{1} << bit)})));
  EXPECT_EQ(outcome(after(crossed), "clone", {0, 1, 1}), (Outcome{.action = Action::error, .data = ENOSYS}));
}

// Two small diagrams that take very many steps to be put together.
TEST_F(ConditionsOfAFilter, ThatAreHardToPutTogetherAreGivenUpSoon) {
  const auto bit = [](unsigned argument, unsigned number, bool is_set) {
    const std::uint64_t mask = std::uint64_t{1} << number;
    return condition(argument, mask, "SCMP_CMP_MASKED_EQ", is_set ? mask : 0);
  };
  std::vector<Value> rules;
  for (const bool first : {true, false})
    for (unsigned i = 0; i < 20; ++i) {
      const unsigned number = first ? i : i + 20;
      rules.push_back(rule({"clone"}, Value::array({bit(1, number, true), bit(2, number, true), bit(3, 0, first)})));
    }
  EXPECT_FALSE(seccomp::lets_through(outcome(after(rules), "clone", {0, 1, 1, 1})));
}

}  // namespace
}  // namespace runward::harden::steps

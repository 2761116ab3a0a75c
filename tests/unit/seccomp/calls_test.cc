// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "seccomp/parse.h"
#include "seccomp/print.h"
#include "seccomp/profile.h"

namespace runward::seccomp {
namespace {

using oci::Value;
using testing::ElementsAre;

constexpr Outcome kAllow{.action = Action::allow, .data = 0};
constexpr Outcome kRefuse{.action = Action::error, .data = 1};

std::vector<std::string> names_in(const Calls& calls) {
  std::vector<std::string> names;
  for (const auto& [name, rules] : calls) names.push_back(name);
  return names;
}

Calls with(const std::vector<std::string>& names) {
  Calls calls;
  for (const std::string& name : names) calls[name] = always(kAllow);
  return calls;
}

Value rule(const std::vector<std::string>& names, const char* action) { return {{"names", names}, {"action", action}}; }

Template template_of(const std::vector<Value>& rules) {
  return *parse_template({{"defaultAction", "SCMP_ACT_ERRNO"}, {"syscalls", rules}}, "test");
}

TEST(Calls, AreInOrderHoweverTheyWereAdded) {
  EXPECT_THAT(names_in(with({"write", "read", "_llseek", "open", "read"})),
              ElementsAre("_llseek", "open", "read", "write"));
}

TEST(Calls, AreFoundByTheirWholeName) {
  const Calls calls = with({"openat", "read"});
  EXPECT_EQ(calls.find("read")->second, always(kAllow));
  for (const char* other : {"", "open", "openat2", "write"}) EXPECT_FALSE(calls.contains(other)) << other;
}

TEST(Calls, LoseOnlyWhatIsErased) {
  Calls calls = with({"open", "read", "write"});
  calls.erase("read");
  calls.erase("rea");
  EXPECT_THAT(names_in(calls), ElementsAre("open", "write"));
}

TEST(Calls, KeepWhatIsThereWhereMissingOnesAreAdded) {
  Calls calls = with({"open", "read"});
  calls.add_missing({{"access", always(kRefuse)}, {"open", always(kRefuse)}, {"write", always(kRefuse)}});
  EXPECT_THAT(names_in(calls), ElementsAre("access", "open", "read", "write"));
  EXPECT_EQ(calls.find("open")->second, always(kAllow));
  EXPECT_EQ(calls.find("access")->second, always(kRefuse));
}

// In lists of any order, in several rules: the rules of one call stand as they came.
TEST(Template, ResolvesToCallsInOrder) {
  const Template profile = template_of({rule({"write", "_llseek", "open"}, "SCMP_ACT_ALLOW"),
                                        rule({"read"}, "SCMP_ACT_ALLOW"), rule({"open", "close"}, "SCMP_ACT_LOG"),
                                        rule({"accept"}, "SCMP_ACT_ALLOW"), rule({"open"}, "SCMP_ACT_TRAP")});
  const Calls calls = profile.resolve({}).calls;
  EXPECT_THAT(names_in(calls), ElementsAre("_llseek", "accept", "close", "open", "read", "write"));
  std::vector<Action> of_open;
  for (const Rule& each : calls.find("open")->second) of_open.push_back(each.outcome.action);
  EXPECT_THAT(of_open, ElementsAre(Action::allow, Action::log, Action::trap));
}

TEST(Template, ResolvesToNothingWithoutRules) { EXPECT_TRUE(template_of({}).resolve({}).calls.empty()); }

TEST(Template, SaysTheSameInFewerRules) {
  Value conditional = rule({"bpf"}, "SCMP_ACT_ALLOW");
  conditional["includes"] = {{"caps", Value::array({"CAP_BPF"})}};
  const Template profile = template_of({rule({"write", "read"}, "SCMP_ACT_ALLOW"), conditional,
                                        rule({"open"}, "SCMP_ACT_ALLOW"), rule({"open"}, "SCMP_ACT_LOG")});
  const Template fewer = condensed(profile);
  ASSERT_EQ(fewer.rules.size(), 3U);
  EXPECT_THAT(fewer.rules[0].names, ElementsAre("open", "read", "write"));
  for (const bool is_given : {false, true}) {
    Environment environment;
    if (is_given) environment.capabilities.insert("CAP_BPF");
    EXPECT_TRUE(fewer.resolve(environment) == profile.resolve(environment)) << is_given;
  }
}

// As text: the members of each object, and the rules, stand in one order.
TEST(Profile, PrintsEveryMember) {
  Profile profile{.default_outcome = {.action = Action::error, .data = 38},
                  .architectures = {"SCMP_ARCH_X86_64"},
                  .flags = {"SECCOMP_FILTER_FLAG_LOG"},
                  .calls = with({"read", "write"})};
  const Condition masked{.argument = 2, .compare = Compare::masked_equal, .value = 4, .mask = 6};
  profile.calls["clone"] = {{.conditions = {masked}, .outcome = kRefuse}};
  EXPECT_EQ(to_json(profile).dump(),
            R"({"architectures":["SCMP_ARCH_X86_64"],"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,)"
            R"("flags":["SECCOMP_FILTER_FLAG_LOG"],"syscalls":[)"
            R"({"action":"SCMP_ACT_ALLOW","names":["read","write"]},)"
            R"({"action":"SCMP_ACT_ERRNO","args":[{"index":2,"op":"SCMP_CMP_MASKED_EQ","value":6,"valueTwo":4}],)"
            R"("errnoRet":1,"names":["clone"]}]})");
}

}  // namespace
}  // namespace runward::seccomp

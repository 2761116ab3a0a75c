// SPDX-License-Identifier: Apache-2.0
#include "seccomp/validate.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <fstream>
#include <iterator>

#include "seccomp/algebra.h"
#include "seccomp/compile.h"
#include "seccomp/data/docker_default.h"
#include "seccomp/parse.h"
#include "seccomp/sets.h"
#include "shim/oci/parse.h"

namespace runward::seccomp {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Outcome kAllow{.action = Action::allow, .data = 0};
constexpr Outcome kRefuse{.action = Action::error, .data = EPERM};

Condition equal(unsigned argument, std::uint64_t value) {
  return {.argument = argument, .compare = Compare::equal, .value = value};
}

Profile starting() {
  Profile profile;
  profile.default_outcome = kRefuse;
  for (const char* call : {"execve", "exit_group"}) profile.calls[call] = {{.conditions = {}, .outcome = kAllow}};
  return profile;
}

auto problem(Severity severity, const char* call, const char* text) {
  return AllOf(Field(&Problem::severity, severity), Field(&Problem::call, call),
               Field(&Problem::text, HasSubstr(text)));
}

std::vector<Problem> problems_of(const Profile& profile) { return validate(profile, "SCMP_ARCH_X86_64"); }

TEST(ValidateSeccomp, FindsNothingInAPlainProfile) { EXPECT_THAT(problems_of(starting()), IsEmpty()); }

TEST(ValidateSeccomp, FindsWhatKeepsAContainerFromStarting) {
  Profile profile = starting();
  profile.calls.erase("execve");
  EXPECT_THAT(problems_of(profile), ElementsAre(problem(Severity::wrong, "execve", "no container starts")));
}

TEST(ValidateSeccomp, FindsADefaultThatLetsThrough) {
  Profile profile = starting();
  profile.default_outcome = kAllow;
  EXPECT_THAT(problems_of(profile), Contains(problem(Severity::wrong, "", "does not name")));
}

TEST(ValidateSeccomp, FindsNamesThatAreNone) {
  Profile profile = starting();
  profile.calls["opennat"] = {{.conditions = {}, .outcome = kAllow}};
  profile.calls["socketcall"] = {{.conditions = {}, .outcome = kAllow}};
  EXPECT_THAT(problems_of(profile), ElementsAre(problem(Severity::doubtful, "", "leave out: opennat"),
                                                problem(Severity::doubtful, "", "SCMP_ARCH_X86_64: socketcall")));
}

TEST(ValidateSeccomp, FindsAConditionThatABitAboveWalksAround) {
  Profile profile = starting();
  profile.calls["socket"] = {
      {.conditions = {{.argument = 0, .compare = Compare::not_equal, .value = 38}}, .outcome = kAllow}};
  EXPECT_THAT(problems_of(profile), ElementsAre(problem(Severity::doubtful, "socket", "lower 32 bits")));
}

TEST(ValidateSeccomp, FindsRulesThatChangeNothingAndRulesThatAreOverridden) {
  Profile profile = starting();
  profile.calls["kill"] = {{.conditions = {equal(1, 9)}, .outcome = kAllow},
                           {.conditions = {equal(1, 9), equal(0, 1)}, .outcome = kAllow}};
  profile.calls["tkill"] = {{.conditions = {}, .outcome = kAllow},
                            {.conditions = {equal(1, 9)}, .outcome = {.action = Action::error, .data = ENOSYS}}};
  EXPECT_THAT(problems_of(profile), ElementsAre(problem(Severity::doubtful, "kill", "changes nothing"),
                                                problem(Severity::doubtful, "tkill", "overrides in part")));
}

TEST(ValidateSeccomp, FindsClone3BesideAConditionOfClone) {
  Profile profile = starting();
  profile.calls["clone"] = {{.conditions = {equal(0, 17)}, .outcome = kAllow}};
  profile.calls["clone3"] = {{.conditions = {}, .outcome = kAllow}};
  EXPECT_THAT(problems_of(profile), ElementsAre(problem(Severity::wrong, "clone3", "walks around")));
}

oci::Value read_golden(const std::string& path) {
  std::ifstream stream(std::string(RUNWARD_SOURCE_DIR) + "/tests/golden/" + path);
  return *oci::parse(std::string(std::istreambuf_iterator<char>(stream), {}), path);
}

TEST(DockerDefault, IsWhatDockerGave) {
  EXPECT_EQ(*oci::parse(docker_default_json(), "docker"), read_golden("docker-26.1/plain.json")["linux"]["seccomp"]);
}

TEST(SyscallSets, HoldKnownCallsOnce) {
  const std::set<std::string_view> newer = {"fchmodat2", "cachestat",      "statmount", "listmount",
                                            "mseal",     "open_tree_attr", "rtas"};
  for (const SyscallSet& set : syscall_sets()) {
    std::set<std::string_view> seen;
    for (const std::string_view call : set.calls) {
      EXPECT_TRUE(seen.insert(call).second) << call << " twice in " << set.name;
      EXPECT_TRUE(newer.contains(call) || is_syscall(call)) << call;
    }
  }
}

TEST(ParseTemplate, SaysWhereSomethingIsWrong) {
  const auto message = [](const oci::Value& json) { return parse_template(json, "f.json").error().message; };
  constexpr std::string_view kText = "{ // a comment\n  \"defaultAction\":\n    \"SCMP_ACT_MAYBE\" }";
  EXPECT_THAT(parse_template(*oci::parse(kText, "f.json", {.comments = true}), "f.json", kText).error().message,
              testing::StartsWith("f.json:2:3: /defaultAction: unknown action"));
  const oci::Value rule = {{"names", {"read"}}, {"action", "SCMP_ACT_ALLOW"}};
  EXPECT_EQ(message(7), "f.json: : expected an object");
  EXPECT_THAT(message({{"defaultAction", "ALLOW"}}), HasSubstr("/defaultAction: unknown action \"ALLOW\""));
  const auto with = [&](const char* key, const oci::Value& value) {
    oci::Value changed = rule;
    changed[key] = value;
    return message({{"defaultAction", "SCMP_ACT_ERRNO"}, {"syscalls", oci::Value::array({changed})}});
  };
  EXPECT_THAT(with("names", {"@nothing"}), HasSubstr("unknown set of system calls \"@nothing\""));
  EXPECT_THAT(with("names", 5), HasSubstr("/syscalls/0/names: expected a list"));
  EXPECT_THAT(with("args", oci::Value::array({{{"index", 6}, {"op", "SCMP_CMP_EQ"}}})),
              HasSubstr("/syscalls/0/args/0/index: expected a number from 0 to 5"));
  EXPECT_THAT(with("args", oci::Value::array({{{"index", 1}, {"op", "EQ"}}})), HasSubstr("unknown comparison \"EQ\""));
  EXPECT_THAT(with("errnoRet", 5000), HasSubstr("/syscalls/0/errnoRet: expected a number from 0 to 4095"));
}

// moby's own form: by capability, architecture and kernel.
TEST(ParseTemplate, DependsOnWhoItIsFor) {
  const oci::Value json = {
      {"defaultAction", "SCMP_ACT_ERRNO"},
      {"archMap", oci::Value::array({{{"architecture", "SCMP_ARCH_X86_64"}, {"subArchitectures", {"SCMP_ARCH_X86"}}}})},
      {"syscalls",
       oci::Value::array(
           {{{"name", "bpf"}, {"action", "SCMP_ACT_ALLOW"}, {"includes", {{"caps", {"CAP_BPF"}}}}},
            {{"names", {"ptrace"}}, {"action", "SCMP_ACT_ALLOW"}, {"includes", {{"minKernel", "4.8"}}}},
            {{"names", {"arch_prctl"}}, {"action", "SCMP_ACT_ALLOW"}, {"includes", {{"arches", {"amd64"}}}}},
            {{"names", {"clone3"}}, {"action", "SCMP_ACT_ALLOW"}, {"excludes", {{"caps", {"CAP_BPF"}}}}}})}};
  const auto filter = parse_template(json, "moby.json");
  ASSERT_TRUE(filter) << filter.error().message;
  const Profile little = filter->resolve({.capabilities = {}, .architecture = "SCMP_ARCH_AARCH64", .kernel = {}});
  EXPECT_TRUE(little.architectures.empty());
  EXPECT_EQ(little.calls.size(), 1U);
  EXPECT_TRUE(little.calls.contains("clone3"));
  const Profile much = filter->resolve({.capabilities = {"CAP_BPF"},
                                        .architecture = "SCMP_ARCH_X86_64",
                                        .kernel = parse_kernel_version("6.1.0-28-amd64")});
  EXPECT_THAT(much.architectures, ElementsAre("SCMP_ARCH_X86_64", "SCMP_ARCH_X86"));
  EXPECT_EQ(much.calls.size(), 3U);
  EXPECT_FALSE(much.calls.contains("clone3"));
}

}  // namespace
}  // namespace runward::seccomp

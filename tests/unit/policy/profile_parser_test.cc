// SPDX-License-Identifier: Apache-2.0
#include "shim/policy/profile_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "shim/policy/store.h"

namespace runward::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Status put_over(const std::string& text, Policy& policy) {
  return apply_profile(ProfileDocument{.text = text, .name = "profile.json", .directory = "/etc/runward/profiles/web"},
                       policy);
}

Policy policy_of(const std::string& rules) {
  Policy policy;
  const Status status = put_over("{\"rules\": {" + rules + "}}", policy);
  EXPECT_TRUE(status) << (status ? "" : status.error().message);
  return policy;
}

std::string error_of(const std::string& text) {
  Policy policy;
  const Status status = put_over(text, policy);
  if (status) return "";
  EXPECT_EQ(status.error().kind, ErrorKind::policy);
  return status.error().message;
}

TEST(ProfileParser, ReadsEverySetting) {
  const Policy policy = policy_of(R"json(
    "restore": "off",
    "image": {"mode": "audit", "allowed": ["docker.io/library/nginx", "local:app"]},
    "privileged": {"on_excess": "strip"},
    "namespaces": {"host_allowed": ["network", "uts"], "join_containers": false},
    "user": {"root_allowed": false, "dropped_gids": [0, 27]},
    "capabilities": {"allowed": ["CHOWN", "CAP_KILL"], "on_request": ["NET_RAW"], "ambient": ["NET_BIND_SERVICE"]},
    "seccomp": {"baseline": "seccomp.json"},
    "apparmor": {"profile": "runward-web", "required": true},
    "rootfs": {"access": "writable", "scratch": [{"path": "/tmp", "size": "64MiB", "exec": true, "if_exists": true}]},
    "mounts": {"denied_sources": ["/etc"], "allowed_sources": ["/etc/localtime"], "only_allowed": true,
               "types": ["proc", "tmpfs"], "noexec": true, "tmpfs_exec": true},
    "masked-paths": {"masked": ["/proc/kcore"], "read_only": ["/proc/sys"]},
    "devices": {"allowed": ["/dev/fuse"]},
    "memory": {"when_unset": ["25%", "4GiB"], "ceiling": 1048576},
    "cpu": {"when_unset": 1.5, "ceiling": "50%"},
    "pids": {"when_unset": 100, "ceiling": 200},
    "unified": {"allowed": ["memory.high"]},
    "rlimits": {"core": 0, "nofile": {"soft": 1024, "hard": "unlimited"}},
    "oom-score": {"min": -5},
    "sysctl": {"allowed": ["net.*"]},
    "cgroup-path": {"allowed_parents": ["/docker"]},
    "hooks": {"allowed": ["/usr/bin/hook"]},
    "annotations": {"denied": ["run.oci.*"], "allowed": ["run.oci.x"]}
  )json");
  EXPECT_EQ(policy.rule(RuleId::restore).mode, Mode::off);
  EXPECT_EQ(policy.rule(RuleId::image).mode, Mode::audit);
  EXPECT_THAT(policy.image.allowed, ElementsAre("docker.io/library/nginx", "local:app"));
  EXPECT_EQ(policy.rule(RuleId::privileged).on_excess, OnExcess::strip);
  EXPECT_THAT(policy.namespaces.host_allowed, ElementsAre("network", "uts"));
  EXPECT_FALSE(policy.namespaces.join_containers);
  EXPECT_FALSE(policy.user.root_allowed);
  EXPECT_THAT(policy.user.dropped_gids, ElementsAre(0U, 27U));
  EXPECT_EQ(policy.capabilities.allowed, (oci::CapabilitySet{"CHOWN", "KILL"}));
  EXPECT_EQ(policy.capabilities.on_request, (oci::CapabilitySet{"NET_RAW"}));
  EXPECT_EQ(policy.capabilities.ambient, (oci::CapabilitySet{"NET_BIND_SERVICE"}));
  EXPECT_EQ(policy.seccomp.baseline, "/etc/runward/profiles/web/seccomp.json");
  EXPECT_EQ(policy.apparmor.profile, "runward-web");
  EXPECT_TRUE(policy.apparmor.required);
  EXPECT_EQ(policy.rootfs.mode, RootfsMode::writable);
  ASSERT_EQ(policy.rootfs.scratch.size(), 1U);
  EXPECT_EQ(policy.rootfs.scratch[0].path, "/tmp");
  EXPECT_EQ(policy.rootfs.scratch[0].size, std::uint64_t{64} << 20U);
  EXPECT_TRUE(policy.rootfs.scratch[0].exec);
  EXPECT_TRUE(policy.rootfs.scratch[0].if_exists);
  EXPECT_THAT(policy.mounts.denied_sources, ElementsAre("/etc"));
  EXPECT_THAT(policy.mounts.allowed_sources, ElementsAre("/etc/localtime"));
  EXPECT_TRUE(policy.mounts.only_allowed);
  EXPECT_THAT(policy.mounts.types, ElementsAre("proc", "tmpfs"));
  EXPECT_TRUE(policy.mounts.noexec);
  EXPECT_TRUE(policy.mounts.tmpfs_exec);
  EXPECT_THAT(policy.masked_paths.masked, ElementsAre("/proc/kcore"));
  EXPECT_THAT(policy.masked_paths.read_only, ElementsAre("/proc/sys"));
  EXPECT_THAT(policy.devices.allowed, ElementsAre("/dev/fuse"));
  EXPECT_EQ(policy.memory.when_unset->percent, 25U);
  EXPECT_EQ(policy.memory.when_unset->absolute, std::uint64_t{4} << 30U);
  EXPECT_EQ(policy.memory.ceiling->absolute, 1048576U);
  EXPECT_EQ(policy.cpu.when_unset->absolute, 1500U);
  EXPECT_EQ(policy.cpu.ceiling->percent, 50U);
  EXPECT_EQ(policy.pids.when_unset->absolute, 100U);
  EXPECT_EQ(policy.pids.ceiling->absolute, 200U);
  EXPECT_THAT(policy.unified_keys, ElementsAre("memory.high"));
  EXPECT_EQ(policy.rlimits.at("RLIMIT_CORE").hard, 0U);
  EXPECT_EQ(policy.rlimits.at("RLIMIT_NOFILE").soft, 1024U);
  EXPECT_EQ(policy.rlimits.at("RLIMIT_NOFILE").hard, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(policy.oom_score_min, -5);
  EXPECT_THAT(policy.sysctls, ElementsAre("net.*"));
  EXPECT_THAT(policy.cgroup_parents, ElementsAre("/docker"));
  EXPECT_THAT(policy.hook_paths, ElementsAre("/usr/bin/hook"));
  EXPECT_THAT(policy.annotations_denied, ElementsAre("run.oci.*"));
  EXPECT_THAT(policy.annotations_allowed, ElementsAre("run.oci.x"));
}

TEST(ProfileParser, ReplacesItsParentsList) {
  Policy policy = policy_of(R"("sysctl": {"allowed": ["net.*"]})");
  ASSERT_TRUE(put_over(R"({"rules": {"sysctl": {"allowed": ["kernel.sem"]}}})", policy));
  EXPECT_THAT(policy.sysctls, ElementsAre("kernel.sem"));
}

TEST(ProfileParser, AppendsToItsParentsListByTheSuffixAdd) {
  Policy policy = policy_of(R"("sysctl": {"allowed": ["net.*"]})");
  ASSERT_TRUE(put_over(R"({"rules": {"sysctl": {"allowed_add": ["net.*", "kernel.sem"]}}})", policy));
  EXPECT_THAT(policy.sysctls, ElementsAre("net.*", "kernel.sem"));
}

TEST(ProfileParser, AppendsCapabilitiesAndWordsToo) {
  Policy policy = policy_of(R"("capabilities": {"allowed": ["CHOWN"]}, "mounts": {"types": ["proc"]})");
  ASSERT_TRUE(put_over(R"({"rules": {"capabilities": {"allowed_add": ["KILL"]}, "mounts": {"types_add": ["tmpfs"]}}})",
                       policy));
  EXPECT_EQ(policy.capabilities.allowed, (oci::CapabilitySet{"CHOWN", "KILL"}));
  EXPECT_THAT(policy.mounts.types, ElementsAre("proc", "tmpfs"));
}

TEST(ProfileParser, GivesAScratchPathThatIsThereAlreadyTheNewSize) {
  Policy policy = policy_of(R"("rootfs": {"scratch": [{"path": "/tmp", "size": 1}, {"path": "/run", "size": 1}]})");
  ASSERT_TRUE(put_over(R"({"rules": {"rootfs": {"scratch_add": [{"path": "/tmp", "size": 2}]}}})", policy));
  ASSERT_EQ(policy.rootfs.scratch.size(), 2U);
  EXPECT_EQ(policy.rootfs.scratch[0].size, 2U);
}

TEST(ProfileParser, KeepsWhatItDoesNotName) {
  Policy policy = policy_of(R"("oom-score": {"min": 7})");
  policy.rule(RuleId::oom_score).mode = Mode::audit;
  ASSERT_TRUE(put_over(R"({"description": "nothing", "rules": {"oom-score": {"on_excess": "strip"}}})", policy));
  EXPECT_EQ(policy.oom_score_min, 7);
  EXPECT_EQ(policy.rule(RuleId::oom_score).mode, Mode::audit);
}

TEST(ProfileParser, TakesALimitOrAnRlimitAwayByTheWordNone) {
  Policy policy = policy_of(R"("memory": {"when_unset": "1GiB"}, "rlimits": {"nproc": 5})");
  ASSERT_TRUE(put_over(R"({"rules": {"memory": {"when_unset": "none"}, "rlimits": {"nproc": "none"}}})", policy));
  EXPECT_FALSE(policy.memory.when_unset);
  EXPECT_TRUE(policy.rlimits.empty());
}

TEST(ProfileParser, NamesTheBuiltinFilterOfAShippedProfile) {
  Policy policy;
  ASSERT_TRUE(apply_profile(ProfileDocument{.text = R"({"rules": {"seccomp": {"baseline": "seccomp.json"}}})",
                                            .name = "builtin:x",
                                            .directory = "builtin:x"},
                            policy));
  EXPECT_EQ(policy.seccomp.baseline, "builtin:x");
}

TEST(ProfileParser, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(error_of("{\n  // a comment\n  \"rules\": {\n    \"user\": { \"root_allowed\": 1 }\n  }\n}"),
            "profile.json:4:15: rules.user.root_allowed: expected true or false");
}

TEST(ProfileParser, SaysWhatWasProbablyMeant) {
  EXPECT_THAT(error_of(R"({"rules": {"capabilites": "off"}})"),
              HasSubstr(R"(unknown rule "capabilites"; did you mean "capabilities"?)"));
  EXPECT_THAT(error_of(R"({"rules": {"user": {"rot_allowed": true}}})"), HasSubstr(R"(did you mean "root_allowed"?)"));
  EXPECT_THAT(error_of(R"({"rules": {"user": {"zzz": true}}})"), testing::EndsWith(R"(unknown key "zzz")"));
}

TEST(ProfileParser, KeepsTheFirstOfSeveralErrors) {
  EXPECT_THAT(error_of(R"({"rules": {"cpu": {"ceiling": 0}, "user": 5}})"), HasSubstr("rules.cpu.ceiling"));
}

TEST(ProfileParser, PointsAtTheItemOfAList) {
  EXPECT_THAT(error_of(R"({"rules": {"capabilities": {"allowed": ["CHOWN", "FLY"]}}})"),
              testing::StartsWith("profile.json:1:50: rules.capabilities.allowed[1]: unknown capability \"FLY\""));
}

struct Refused {
  std::string text;
  std::string problem;
};

class ProfileParserRefuses : public testing::TestWithParam<Refused> {};

TEST_P(ProfileParserRefuses, WithFileLineAndColumn) {
  const std::string error = error_of(GetParam().text);
  EXPECT_THAT(error, testing::ContainsRegex("^profile\\.json:[0-9]+:[0-9]+: ")) << GetParam().text;
  EXPECT_THAT(error, HasSubstr(GetParam().problem)) << GetParam().text;
}

std::string rule(const std::string& text) { return "{\"rules\": {" + text + "}}"; }

INSTANTIATE_TEST_SUITE_P(
    Everything, ProfileParserRefuses,
    testing::Values(
        Refused{"{", "unexpected end"}, Refused{"[]", "expected an object"}, Refused{"{} x", "invalid literal"},
        Refused{R"({"rules": {}, "rules": {}})", "duplicate key"}, Refused{R"({"rule": {}})", "did you mean \"rules\""},
        Refused{R"({"rules": []})", "expected an object"},
        Refused{R"({"extends": "../x"})", "expected a profile's name"},
        Refused{R"({"extends": 5})", "expected a profile's name"}, Refused{R"({"description": 5})", "expected a text"},
        Refused{rule(R"("user": 5)"), "or an object of settings"},
        Refused{rule(R"("user": "on")"), "\"enforce\", \"audit\" or \"off\""},
        Refused{rule(R"("user": {"mode": "on"})"), "\"enforce\", \"audit\" or \"off\""},
        Refused{rule(R"("user": {"on_excess": "drop"})"), "\"refuse\" or \"strip\""},
        Refused{rule(R"("user": {"root_allowed_add": true})"), "unknown key"},
        Refused{rule(R"("user": {"dropped_gids": [-1]})"), "whole number from 0 to 4294967294"},
        Refused{rule(R"("user": {"dropped_gids": 5})"), "expected a list"},
        Refused{rule(R"("namespaces": {"host_allowed": ["net"]})"), "unknown name"},
        Refused{rule(R"("seccomp": {"baseline": "../seccomp.json"})"), "a file beside the profile"},
        Refused{rule(R"("seccomp": {"baseline": "/etc/seccomp.json"})"), "a file beside the profile"},
        Refused{rule(R"("seccomp": {"baseline": "builtin:../x"})"), "a file beside the profile"},
        Refused{rule(R"("apparmor": {"profile": "unconfined"})"), "not \"unconfined\""},
        Refused{rule(R"("apparmor": {"profile": ""})"), "not \"unconfined\""},
        Refused{rule(R"("rootfs": {"access": "ro"})"), "\"read-only\", \"ephemeral\" or \"writable\""},
        Refused{rule(R"("rootfs": {"scratch": [{"path": "/tmp"}]})"), "expected {\"path\""},
        Refused{rule(R"("rootfs": {"scratch": [{"path": "/tmp", "size": 0}]})"), "size above 0"},
        Refused{rule(R"("rootfs": {"scratch": [{"path": "/tmp", "size": "5 MB"}]})"), "size above 0"},
        Refused{rule(R"("rootfs": {"scratch": [{"path": "/tmp", "size": "99999999999TiB"}]})"), "size above 0"},
        Refused{rule(R"("rootfs": {"scratch": [{"path": "/", "size": 1}]})"), "no path at or below"},
        Refused{rule(R"("rootfs": {"scratch": [{"path": "/proc/x", "size": 1}]})"), "no path at or below"},
        Refused{rule(R"("mounts": {"denied_sources": ["etc"]})"), "an absolute path"},
        Refused{rule(R"("mounts": {"denied_sources": ["/etc/"]})"), "an absolute path"},
        Refused{rule(R"("mounts": {"denied_sources": ["/a//b"]})"), "an absolute path"},
        Refused{rule(R"("mounts": {"denied_sources": ["/a/../b"]})"), "an absolute path"},
        Refused{rule(R"("mounts": {"denied_sources": ["/a/."]})"), "an absolute path"},
        Refused{rule(R"("mounts": {"denied_sources": ["/a\u0000b"]})"), "an absolute path"},
        Refused{rule(R"("mounts": {"types": ["Proc"]})"), "small letters"},
        Refused{rule(R"("devices": {"allowed": ["/etc/passwd"]})"), "below /dev"},
        Refused{rule(R"("memory": {"ceiling": "0%"})"), "expected an amount"},
        Refused{rule(R"("memory": {"ceiling": "101%"})"), "expected an amount"},
        Refused{rule(R"("memory": {"ceiling": ["1%", "2%"]})"), "expected an amount"},
        Refused{rule(R"("memory": {"ceiling": []})"), "expected an amount"},
        Refused{rule(R"("memory": {"ceiling": -5})"), "expected an amount"},
        Refused{rule(R"("memory": {"ceiling": null})"), "expected an amount"},
        Refused{rule(R"("cpu": {"ceiling": "2"})"), "number of CPUs"},
        Refused{rule(R"("cpu": {"ceiling": 1e300})"), "number of CPUs"},
        Refused{rule(R"("cpu": {"ceiling": 0.0001})"), "number of CPUs"},
        Refused{rule(R"("pids": {"ceiling": "5%"})"), "number of processes"},
        Refused{rule(R"("rlimits": {"files": 5})"), "unknown key"},
        Refused{rule(R"("rlimits": {"core": -1})"), "expected a whole number"},
        Refused{rule(R"("rlimits": {"core": {"soft": 1}})"), "both \"soft\" and \"hard\""},
        Refused{rule(R"("rlimits": {"core": {"soft": 2, "hard": 1}})"), "not above the hard one"},
        Refused{rule(R"("oom-score": {"min": 2000})"), "from -1000 to 1000"},
        Refused{rule(R"("oom-score": {"min": 18446744073709551615})"), "from -1000 to 1000"},
        Refused{rule(R"("sysctl": {"allowed": ["net.*.x"]})"), "a * only at its end"},
        Refused{rule(R"("image": {"allowed": ["nginx:1.25"]})"), "expected no tag"},
        Refused{rule(R"("image": {"allowed": ["sha256:12"]})"), "tag"},
        Refused{rule(R"("capabilities": {"allowed": [5]})"), "a capability's name"},
        Refused{rule(R"("capabilities": {"allowed": ["ALL"]})"), "unknown capability"}));

}  // namespace
}  // namespace runward::policy

// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <seccomp.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "shim/oci/parse.h"
#include "shim/policy/profile_parser.h"
#include "shim/policy/shipped.h"
#include "shim/policy/store.h"

namespace runward::policy {
namespace {

constexpr const char* kNoConfig = "/nonexistent/runward";

Policy shipped(const std::string& name) {
  const auto policy = load_policy(kNoConfig, name, Config{});
  EXPECT_TRUE(policy) << policy.error().message;
  return policy ? *policy : Policy{};
}

std::string read(const std::string& path) {
  std::ifstream file(std::string(RUNWARD_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(file) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

oci::Value read_json(const std::string& path) {
  const auto document = oci::parse(read(path), path, {.comments = true});
  EXPECT_TRUE(document) << document.error().message;
  return document ? *document : oci::Value();
}

// The calls that a filter allows without looking at arguments.
std::set<std::string> allowed_calls(const oci::Value& filter) {
  std::set<std::string> names;
  for (const oci::Value& rule : filter["syscalls"])
    if (rule["action"] == "SCMP_ACT_ALLOW" && !rule.contains("args"))
      for (const oci::Value& name : rule["names"]) names.insert(name.get<std::string>());
  return names;
}

class ShippedProfile : public testing::TestWithParam<std::string> {};

TEST_P(ShippedProfile, LoadsAndSaysTheSameAsItsFile) {
  const Policy policy = shipped(GetParam());
  EXPECT_EQ(policy.profile, GetParam());
  const auto* const embedded = find_shipped(GetParam());
  ASSERT_NE(embedded, nullptr);
  EXPECT_EQ(*oci::parse(embedded->profile, "embedded", {.comments = true}),
            read_json("profiles/" + GetParam() + "/profile.json"));
}

TEST_P(ShippedProfile, GivesTheLinesOfItsFileInErrors) {
  const std::string text = read("profiles/" + GetParam() + "/profile.json");
  EXPECT_EQ(std::ranges::count(find_shipped(GetParam())->profile, '\n'), std::ranges::count(text, '\n'));
}

TEST_P(ShippedProfile, HoldsTheWaysToTheHost) {
  const Policy policy = shipped(GetParam());
  for (const RuleId rule :
       {RuleId::spec_sane,    RuleId::runtime_flags, RuleId::restore,  RuleId::privileged, RuleId::namespaces,
        RuleId::capabilities, RuleId::seccomp,       RuleId::apparmor, RuleId::selinux,    RuleId::mounts,
        RuleId::masked_paths, RuleId::devices,       RuleId::memory,   RuleId::cpu,        RuleId::pids,
        RuleId::unified,      RuleId::oom_score,     RuleId::sysctl,   RuleId::hooks,      RuleId::annotations}) {
    EXPECT_EQ(policy.rule(rule).mode, Mode::enforce) << name_of(rule);
    // No filter is what dockerd gives every plugin: nothing that could be refused.
    const bool nobodys_wish = GetParam() == "plugin" && rule == RuleId::seccomp;
    EXPECT_EQ(policy.rule(rule).on_excess, nobodys_wish ? OnExcess::strip : OnExcess::refuse) << name_of(rule);
  }
  EXPECT_THAT(policy.mounts.denied_sources,
              testing::IsSupersetOf({"/run/docker.sock", "/run", "/etc", "/proc", "/var/lib/docker"}));
  EXPECT_TRUE(policy.namespaces.host_allowed.empty());
  EXPECT_TRUE(policy.capabilities.ambient.empty());
  EXPECT_TRUE(policy.memory.ceiling && policy.cpu.ceiling && policy.pids.ceiling);
  for (const char* host_wide :
       {"SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_TIME", "DAC_READ_SEARCH", "BPF", "SYS_BOOT"})
    EXPECT_FALSE((policy.capabilities.allowed | policy.capabilities.on_request).has(*oci::parse_capability(host_wide)));
}

TEST_P(ShippedProfile, NamesASeccompFilterWhoseCallsExist) {
  const auto filter = load_seccomp(shipped(GetParam()));
  ASSERT_TRUE(filter) << filter.error().message;
  // What this libseccomp may be too old for, and calls of other machines, which it knows as negative numbers.
  const std::set<std::string> newer = {
      "fchmodat2",  "cachestat",  "map_shadow_stack",  "futex_wake",        "futex_wait",       "futex_requeue",
      "statmount",  "listmount",  "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules", "mseal",
      "setxattrat", "getxattrat", "listxattrat",       "removexattrat",     "open_tree_attr",   "riscv_hwprobe"};
  std::set<std::string> seen;
  for (const oci::Value& rule : (*filter)["syscalls"])
    for (const oci::Value& name : rule["names"]) {
      EXPECT_TRUE(rule.contains("args") || seen.insert(name).second) << name << " twice";
      if (newer.contains(name)) continue;
      EXPECT_NE(::seccomp_syscall_resolve_name(name.get<std::string>().c_str()), __NR_SCMP_ERROR) << name;
    }
}

TEST_P(ShippedProfile, KeepsTheKernelsDangerousCallsOut) {
  const auto filter = load_seccomp(shipped(GetParam()));
  ASSERT_TRUE(filter);
  EXPECT_EQ((*filter)["defaultAction"], "SCMP_ACT_ERRNO");
  const std::set<std::string> allowed = allowed_calls(*filter);
  for (const char* call : {"clone",        "clone3",        "personality",
                           "socket",       "socketcall",    "io_uring_setup",
                           "userfaultfd",  "bpf",           "perf_event_open",
                           "keyctl",       "add_key",       "request_key",
                           "mount",        "umount2",       "pivot_root",
                           "setns",        "unshare",       "open_tree",
                           "fsopen",       "kexec_load",    "init_module",
                           "finit_module", "delete_module", "open_by_handle_at",
                           "reboot",       "syslog",        "acct",
                           "swapon",       "iopl",          "ioperm",
                           "settimeofday", "clock_settime", "quotactl",
                           "chroot"})
    EXPECT_FALSE(allowed.contains(call)) << call;
  // A program that can't end loops; a runtime that can't exec hangs.
  for (const char* call :
       {"execve", "exit_group", "exit", "rt_sigreturn", "futex", "openat", "read", "write", "close", "mmap"})
    EXPECT_TRUE(allowed.contains(call)) << call;
}

INSTANTIATE_TEST_SUITE_P(Each, ShippedProfile,
                         testing::Values("default", "strict", "compat", "build", "plugin", "record"),
                         [](const auto& test) { return test.param; });

TEST(DefaultProfile, HasEveryRuleOnButThoseThatWouldStopOrdinaryImages) {
  const Policy policy = shipped("default");
  for (const Rule& rule : kRules) {
    const Mode expected = rule.id == RuleId::image                 ? Mode::off
                          : rule.id == RuleId::environment_secrets ? Mode::audit
                                                                   : Mode::enforce;
    EXPECT_EQ(policy.rule(rule.id).mode, expected) << rule.name;
  }
}

TEST(DefaultProfile, SaysSomethingAboutEveryRule) {
  const oci::Value profile = read_json("profiles/default/profile.json");
  for (const Rule& rule : kRules) EXPECT_TRUE(profile["rules"].contains(std::string(rule.name))) << rule.name;
}

TEST(DefaultProfile, AllowsNoCallThatDockersOwnFilterDoesNot) {
  // Newer than the captured Docker, or another machine's.
  const std::set<std::string> beyond = {"mseal",         "setxattrat",    "getxattrat",     "listxattrat",
                                        "removexattrat", "riscv_hwprobe", "process_madvise"};
  std::set<std::string> docker = allowed_calls(read_json("tests/golden/docker-26.1/plain.json")["linux"]["seccomp"]);
  std::set<std::string> more;
  for (const std::string& call : allowed_calls(*load_seccomp(shipped("default"))))
    if (!docker.contains(call) && !beyond.contains(call)) more.insert(call);
  // Of these x86-64 has none but arch_prctl, which Docker adds for it alone.
  for (const std::string& call : more)
    EXPECT_TRUE(call == "arch_prctl" || ::seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, call.c_str()) < 0)
        << call;
}

TEST(StrictProfile, AllowsLessThanDefaultOnEveryPoint) {
  const Policy strict = shipped("strict");
  const Policy standard = shipped("default");
  EXPECT_TRUE(strict.capabilities.allowed.empty());
  EXPECT_EQ(strict.capabilities.on_request, (oci::CapabilitySet{"NET_BIND_SERVICE"}));
  EXPECT_FALSE(strict.user.root_allowed);
  EXPECT_FALSE(strict.namespaces.join_containers);
  EXPECT_TRUE(strict.mounts.only_allowed);
  EXPECT_LT(*strict.memory.ceiling->absolute, *standard.memory.when_unset->absolute);
  EXPECT_THAT(strict.masked_paths.masked, testing::IsSupersetOf(standard.masked_paths.masked));
  EXPECT_THAT(strict.masked_paths.read_only, testing::IsSupersetOf(standard.masked_paths.read_only));
  EXPECT_THAT(standard.sysctls, testing::IsSupersetOf(strict.sysctls));
  const auto more = allowed_calls(*load_seccomp(standard));
  for (const std::string& call : allowed_calls(*load_seccomp(strict))) EXPECT_TRUE(more.contains(call)) << call;
}

// Selected without anybody's asking, so that nobody gains by being taken for one.
TEST(BuildAndPluginProfiles, AllowNothingOfTheHostThatDefaultDoesNot) {
  const Policy standard = shipped("default");
  const oci::CapabilitySet asked = standard.capabilities.allowed | standard.capabilities.on_request;
  for (const char* name : {"build", "plugin"}) {
    const Policy policy = shipped(name);
    EXPECT_EQ(policy.rule(RuleId::no_new_privileges).mode, Mode::enforce) << name;
    EXPECT_EQ(policy.rule(RuleId::cgroup_path).mode, Mode::enforce) << name;
    EXPECT_TRUE((policy.capabilities.allowed - asked).members().empty()) << name;
    EXPECT_TRUE(policy.capabilities.on_request.members().empty()) << name;
    EXPECT_FALSE(policy.namespaces.join_containers) << name;
    EXPECT_TRUE(policy.devices.allowed.empty()) << name;
    EXPECT_TRUE(policy.hook_paths.empty()) << name;
    EXPECT_THAT(policy.mounts.denied_sources, testing::IsSupersetOf(standard.mounts.denied_sources)) << name;
    EXPECT_THAT(policy.masked_paths.masked, testing::IsSupersetOf(standard.masked_paths.masked)) << name;
  }
}

// The schema and the parser know the same keys, so that an editor and the program agree.
std::set<std::string> keys_of(const oci::Value& schema) {
  std::set<std::string> keys;
  for (const auto& [key, value] : schema["properties"].items()) keys.insert(key);
  return keys;
}

TEST(Schema, KnowsTheKeysOfProfiles) {
  const oci::Value schema = read_json("profiles/schema/profile.schema.json");
  std::set<std::string> rules;
  for (const Rule& rule : kRules) {
    rules.emplace(rule.name);
    std::set<std::string> expected;
    for (const KnownKey& key : profile_keys()) {
      if (key.section != rule.name && key.section != "*") continue;
      expected.emplace(key.name);
      if (key.is_list) expected.insert(std::string(key.name) + "_add");
    }
    const oci::Value& settings = schema["properties"]["rules"]["properties"][std::string(rule.name)];
    EXPECT_EQ(keys_of(settings["anyOf"][1]), expected) << rule.name;
    EXPECT_TRUE(settings.contains("description")) << rule.name;
  }
  EXPECT_EQ(keys_of(schema["properties"]["rules"]), rules);
  EXPECT_EQ(keys_of(schema), (std::set<std::string>{"$schema", "description", "extends", "rules"}));
}

TEST(Schema, KnowsTheKeysOfTheHostsConfiguration) {
  const oci::Value schema = read_json("profiles/schema/config.schema.json");
  std::set<std::string> top;
  std::map<std::string, std::set<std::string>> sections;
  for (const KnownKey& key : config_keys())
    (key.section.empty() ? top : sections[std::string(key.section)]).emplace(key.name);
  EXPECT_EQ(keys_of(schema), top);
  for (const auto& [section, keys] : sections) EXPECT_EQ(keys_of(schema["properties"][section]), keys) << section;
}

}  // namespace
}  // namespace runward::policy

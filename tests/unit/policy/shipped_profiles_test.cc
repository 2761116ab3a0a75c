// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <seccomp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <string>

#include "seccomp/data/risks.h"
#include "shim/base/fnv1a.h"
#include "shim/oci/parse.h"
#include "shim/policy/fingerprint.h"
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

// Without what only who has certain capabilities is given.
Result<oci::Value> filter_of(const Policy& policy) {
  auto loaded = load_seccomp(policy);
  if (!loaded) return loaded.error();
  oci::Value filter = std::move(loaded->json);
  std::erase_if(filter["syscalls"].get_ref<oci::Value::array_t&>(),
                [](const oci::Value& rule) { return rule.contains("includes"); });
  return filter;
}

using Arguments = std::array<std::uint64_t, 6>;

// What a filter answers to one call, for the forms that the shipped ones have: allowed when a rule's conditions all
// hold.
bool holds(const oci::Value& condition, const Arguments& arguments) {
  const std::uint64_t argument = arguments.at(condition["index"].get<std::size_t>());
  const auto value = condition["value"].get<std::uint64_t>();
  if (condition["op"] == "SCMP_CMP_EQ") return argument == value;
  EXPECT_EQ(condition["op"], "SCMP_CMP_MASKED_EQ") << "an operator that this test does not know";
  return (argument & value) == condition["valueTwo"].get<std::uint64_t>();
}

bool allows(const oci::Value& filter, const std::string& call, const Arguments& arguments) {
  return std::ranges::any_of(filter["syscalls"], [&](const oci::Value& rule) {
    if (rule["action"] != "SCMP_ACT_ALLOW") return false;
    if (std::ranges::none_of(rule["names"], [&](const oci::Value& name) { return name == call; })) return false;
    return !rule.contains("args") ||
           std::ranges::all_of(rule["args"], [&](const oci::Value& condition) { return holds(condition, arguments); });
  });
}

class ShippedProfile : public testing::TestWithParam<std::string> {};

// What a file and its parents say, read without what was read when runward was built.
Policy parsed(const std::string& name) {
  const ProfileDocument document{
      .text = read("profiles/" + name + "/profile.json"), .name = name, .directory = std::string(kBuiltin) + name};
  const auto parent = parent_of(document);
  EXPECT_TRUE(parent) << name;
  Policy policy = *parent ? parsed(**parent) : Policy{};
  EXPECT_TRUE(apply_profile(document, policy)) << name;
  return policy;
}

const ShippedPolicy& built_in(const std::string& name) {
  return *std::ranges::find(shipped_policies(), std::string_view(name), &ShippedPolicy::name);
}

TEST_P(ShippedProfile, LoadsAndSaysTheSameAsItsFile) {
  const Policy policy = shipped(GetParam());
  EXPECT_EQ(policy.profile, GetParam());
  EXPECT_EQ(*oci::parse(built_in(GetParam()).text, "built in"), read_json("profiles/" + GetParam() + "/profile.json"));
}

TEST_P(ShippedProfile, IsReadAtTheBuildAsItWouldBeLater) {
  EXPECT_TRUE(built_in(GetParam()).policy() == parsed(GetParam()));
}

TEST_P(ShippedProfile, IsKeptWithItsParentsAndReadBackTheSame) {
  const auto loaded = load_policy_with_text(kNoConfig, GetParam(), Config{});
  ASSERT_TRUE(loaded) << loaded.error().message;
  const auto& documents = loaded->text.documents;
  EXPECT_EQ(documents.size(), GetParam() == "default" ? 1 : 2);
  EXPECT_EQ(documents.back().directory, "builtin:default");
  const auto again = policy_from_text(loaded->text);
  ASSERT_TRUE(again) << again.error().message;
  Policy expected = loaded->policy;
  expected.apparmor.source.clear();
  EXPECT_TRUE(*again == expected);
}

// A container lives on while runward is replaced: what it was made with holds, not what the new one ships.
TEST_P(ShippedProfile, OfAnEarlierRunwardIsReadFromItsText) {
  auto loaded = load_policy_with_text(kNoConfig, GetParam(), Config{});
  ASSERT_TRUE(loaded) << loaded.error().message;
  auto parent = *oci::parse(loaded->text.documents.back().text, "default");
  parent["rules"]["oom-score"]["min"] = 77;
  loaded->text.documents.back().text = parent.dump();
  const auto policy = policy_from_text(loaded->text);
  ASSERT_TRUE(policy) << policy.error().message;
  Policy expected = loaded->policy;
  expected.apparmor.source.clear();
  expected.hash = policy->hash;
  EXPECT_NE(policy->hash, loaded->policy.hash);
  expected.oom_score_min = 77;
  EXPECT_TRUE(*policy == expected);
}

// Where runward was replaced and only the child says something else now, over the same parent.
TEST(KeptPolicy, HashTellsAChildOfAnEarlierRunwardFromItsParentAlone) {
  const auto loaded = load_policy_with_text(kNoConfig, "strict", Config{});
  ASSERT_TRUE(loaded) << loaded.error().message;
  std::set<std::string> hashes = {loaded->policy.hash, shipped("default").hash};
  for (const int least : {77, 78}) {
    PolicyText kept = loaded->text;
    auto child = *oci::parse(kept.documents.front().text, "strict");
    child["rules"]["oom-score"]["min"] = least;
    kept.documents.front().text = child.dump();
    const auto policy = policy_from_text(kept);
    ASSERT_TRUE(policy) << policy.error().message;
    EXPECT_EQ(policy->oom_score_min, least);
    EXPECT_TRUE(hashes.insert(policy->hash).second) << least << " " << policy->hash;
  }
}

// What the runward that wrote a decision had built in, and hashed, is what the next one makes of its documents.
TEST(KeptPolicy, HashIsTheOneItWasStartedWithAlsoWhenOnlyItsParentIsTheSame) {
  const auto loaded = load_policy_with_text(kNoConfig, "strict", Config{});
  ASSERT_TRUE(loaded) << loaded.error().message;
  PolicyText kept = loaded->text;
  auto child = *oci::parse(kept.documents.front().text, "strict");
  child["rules"]["oom-score"]["min"] = 77;
  kept.documents.front().text = child.dump();
  Fnv1a then;
  then.add(fingerprint(kept.documents));
  then.add(kept.config);
  EXPECT_EQ(policy_from_text(kept)->hash, then.hex());
}

TEST(KeptPolicy, DocumentsInAnotherOrderAreReadInThatOrder) {
  const auto loaded = load_policy_with_text(kNoConfig, "strict", Config{});
  ASSERT_TRUE(loaded);
  PolicyText kept = loaded->text;
  std::swap(kept.documents.front(), kept.documents.back());
  const auto policy = policy_from_text(kept);
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(policy->seccomp.baseline, "builtin:default");  // over strict
  kept.documents = {loaded->text.documents.back(), loaded->text.documents.back()};
  EXPECT_TRUE(policy_from_text(kept));
  kept.documents = {loaded->text.documents.front()};  // its parent is gone
  const auto alone = policy_from_text(kept);
  ASSERT_TRUE(alone) << alone.error().message;
  EXPECT_NE(alone->hash, loaded->policy.hash);
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
  const auto filter = filter_of(shipped(GetParam()));
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
  const Policy policy = shipped(GetParam());
  const auto filter = filter_of(policy);
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
                           "settimeofday", "clock_settime", "quotactl"})
    EXPECT_FALSE(allowed.contains(call)) << call;
  EXPECT_EQ(allowed.contains("chroot"), policy.capabilities.allowed.has(*oci::parse_capability("SYS_CHROOT")));
  // A program that can't end loops; a runtime that can't exec hangs.
  for (const char* call :
       {"execve", "exit_group", "exit", "rt_sigreturn", "futex", "openat", "read", "write", "close", "mmap"})
    EXPECT_TRUE(allowed.contains(call)) << call;
}

// TIOCSTI, TIOCLINUX, TIOCSETD; the kernel takes a request as 32 bits.
constexpr bool is_forbidden_request(std::uint64_t request) {
  const auto low = static_cast<std::uint32_t>(request);
  return low == 0x5412 || low == 0x541C || low == 0x5423;
}

TEST_P(ShippedProfile, AllowsEveryIoctlButThree) {
  const auto filter = filter_of(shipped(GetParam()));
  ASSERT_TRUE(filter);
  std::set<std::uint64_t> requests = {0, 0xFFFFFFFF};
  for (const std::uint64_t base : {0x5412, 0x541C, 0x5423})
    for (unsigned i = 0; i < 64; ++i)
      for (unsigned j = 0; j < 64; ++j)
        requests.insert({base, base ^ std::uint64_t{1} << i, base ^ std::uint64_t{1} << i ^ std::uint64_t{1} << j});
  for (std::uint64_t low = 0x5400; low < 0x5500; ++low) requests.insert(low);
  std::mt19937_64 random(5);
  for (int i = 0; i < 5000; ++i) requests.insert(random());
  for (const std::uint64_t request : requests)
    EXPECT_EQ(allows(*filter, "ioctl", {1, request}), !is_forbidden_request(request)) << std::hex << request;
}

struct SocketCase {
  const char* what;
  Arguments arguments;
};
constexpr std::uint64_t kFlags = 02004000;  // SOCK_CLOEXEC, SOCK_NONBLOCK

TEST_P(ShippedProfile, AllowsTheSocketsOfOrdinaryPrograms) {
  const auto filter = filter_of(shipped(GetParam()));
  ASSERT_TRUE(filter);
  for (const SocketCase& one : std::initializer_list<SocketCase>{
           {"unix stream", {1, 1 | kFlags, 0}},
           {"unix datagram", {1, 2, 0}},
           {"unix with protocol 1, as X11 libraries", {1, 5, 1}},
           {"tcp", {2, 1 | kFlags, 0}},
           {"tcp by number", {10, 1, 6}},
           {"mptcp", {2, 1, 262}},
           {"udp", {2, 2 | kFlags, 0}},
           {"udp by number", {10, 2 | kFlags, 17}},
           {"ping", {2, 2, 1}},
           {"ping6", {10, 2, 58}},
           {"raw icmp", {2, 3, 1}},
           {"raw icmp6", {10, 3, 58}},
           {"route netlink, as getifaddrs", {16, 3 | kFlags, 0}},
           {"tcp, with rubbish above the 32 bits that the kernel looks at", {0xABCD00000002, 1, 0x100000006}},
       })
    EXPECT_TRUE(allows(*filter, "socket", one.arguments)) << one.what;
  EXPECT_TRUE(allows(*filter, "socketpair", {1, 1 | kFlags, 0}));
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
  for (const std::string& call : allowed_calls(*filter_of(shipped("default"))))
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
  const auto more = allowed_calls(*filter_of(standard));
  for (const std::string& call : allowed_calls(*filter_of(strict))) EXPECT_TRUE(more.contains(call)) << call;
}

// Every call of the list of attacks, by the machine's own way in: others are closed by not being among the
// architectures.
std::set<std::string> let_through(const std::string& profile) {
  const auto filter = filter_of(shipped(profile));
  EXPECT_TRUE(filter);
  std::set<std::string> ids;
  for (const seccomp::Risk& risk : seccomp::risks())
    if (risk.entry == seccomp::Entry::native && allows(*filter, std::string(risk.syscall), risk.arguments))
      ids.emplace(risk.id);
  return ids;
}

TEST(DefaultAndStrict, LetNoKnownAttackThrough) {
  EXPECT_THAT(let_through("default"), testing::IsEmpty());
  EXPECT_THAT(let_through("strict"), testing::IsEmpty());
  EXPECT_THAT(let_through("build"), testing::IsEmpty());
  EXPECT_THAT(let_through("plugin"), testing::IsEmpty());
}

TEST(DefaultAndStrict, AreForTheMachinesOwnArchitectureOnly) {
  for (const char* name : {"default", "strict", "build", "plugin"})
    EXPECT_FALSE(filter_of(shipped(name))->contains("architectures")) << name;
}

TEST(CompatProfile, LetsThroughWhatIsListedHereAndNothingElse) {
  EXPECT_THAT(
      let_through("compat"),
      testing::UnorderedElementsAre(
          "socket-packet", "socket-packet-datagram", "socket-netlink-netfilter", "socket-netlink-netfilter-beyond-32",
          "socket-netlink-xfrm", "socket-netlink-sock_diag", "socket-netlink-audit", "socket-netlink-generic",
          "socket-netlink-connector", "socket-netlink-iscsi", "socket-netlink-crypto", "socket-netlink-rdma",
          "socket-netlink-scsi", "socket-dccp", "socket-dccp-default-protocol", "socket-sctp", "socket-sctp-sequenced",
          "socket-l2tp", "socket-smc-inet", "chroot", "mknod-block", "mknod-char", "mknodat-block", "mknodat-char",
          "mknodat-block-beyond-32", "name_to_handle_at", "ptrace-traceme", "ptrace-attach", "ptrace-seize",
          "process_vm_readv", "process_vm_writev", "kcmp", "vmsplice", "memfd_secret", "cachestat", "set_mempolicy",
          "mbind", "get_mempolicy", "modify_ldt"));
}

TEST(CompatProfile, AllowsAllThatDefaultDoes) {
  const auto compat = allowed_calls(*filter_of(shipped("compat")));
  for (const std::string& call : allowed_calls(*filter_of(shipped("default"))))
    EXPECT_TRUE(compat.contains(call)) << call;
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

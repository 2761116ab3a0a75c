// SPDX-License-Identifier: Apache-2.0

// Judging is pure: made-up hosts in, lines out.

#include "shim/ctl/doctor/judges.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>

#include "shim/ctl/doctor.h"
#include "shim/ctl/doctor/advisories.h"

namespace runward::ctl::doctor {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

auto is(Level level) { return Field(&Line::level, level); }
auto line(Level level, const std::string& reason) { return AllOf(is(level), Field(&Line::reason, HasSubstr(reason))); }

Error missing() { return errno_error("open", "/there", ENOENT); }
Error denied() { return errno_error("open", "/there", EACCES); }
Error writable() { return make_error(ErrorKind::policy, "'/opt' can be written by others than root (owner 7)"); }

// ---- the kernel

TEST(DoctorUserNamespaces, AreSwitchedOffByASysctl) {
  Facts facts;
  facts.kernel.sysctls = {{"user.max_user_namespaces", "0"}};
  EXPECT_THAT(judge_user_namespaces(facts), ElementsAre(line(Level::warning, "user.max_user_namespaces is 0")));
}

TEST(DoctorUserNamespaces, OfOthersThanRootDoNotMatterToRunward) {
  Facts facts;
  facts.kernel.user_namespace = ok();
  facts.kernel.sysctls = {{"user.max_user_namespaces", "1000"},
                          {"kernel.unprivileged_userns_clone", "0"},
                          {"kernel.apparmor_restrict_unprivileged_userns", "1"}};
  EXPECT_THAT(judge_user_namespaces(facts),
              ElementsAre(line(Level::ok, "tried"), line(Level::info, "kernel.unprivileged_userns_clone is 0"),
                          line(Level::info, "kernel.apparmor_restrict_unprivileged_userns is 1")));
}

TEST(DoctorIdmappedMounts, AreJudgedByTheTrial) {
  Facts facts;
  facts.kernel.idmapped = {{.filesystem = "ext4", .place = "/data", .result = ok()},
                           {.filesystem = "nfs", .place = "/n", .result = errno_error("mount_setattr", "/n", EINVAL)},
                           {.filesystem = "tmpfs", .place = "", .result = errno_error("fsopen", "tmpfs", EPERM)}};
  const Lines lines = judge_idmapped_mounts(facts);
  EXPECT_THAT(lines, ElementsAre(line(Level::ok, "tried"), line(Level::warning, "this kernel has none"),
                                 line(Level::warning, "could not be looked at")));
  EXPECT_EQ(lines[0].subject, "ext4, /data");
}

TEST(DoctorSeccomp, NamesTheActionsThatAreMissing) {
  Facts facts;
  facts.kernel.seccomp_actions = std::string("kill_process errno log allow\n");
  EXPECT_THAT(judge_seccomp(facts), ElementsAre(line(Level::ok, "kill_process errno log allow")));
  facts.kernel.seccomp_actions = std::string("kill_thread errno allow");
  EXPECT_THAT(judge_seccomp(facts), ElementsAre(line(Level::warning, "kill_process, log")));
  facts.kernel.seccomp_actions = missing();
  EXPECT_THAT(judge_seccomp(facts), ElementsAre(line(Level::fail, "no seccomp")));
  facts.kernel.seccomp_actions = denied();
  EXPECT_THAT(judge_seccomp(facts), ElementsAre(line(Level::warning, "could not be looked at")));
}

TEST(DoctorAppArmor, IsMissedOnlyWhereNothingElseConfines) {
  Facts facts;
  EXPECT_THAT(judge_apparmor(facts), ElementsAre(is(Level::warning)));
  facts.kernel.selinux = "enforcing";
  EXPECT_THAT(judge_apparmor(facts), ElementsAre(line(Level::info, "SELinux")));
}

TEST(DoctorAppArmor, WantsItsFilesystemAndItsParser) {
  Facts facts;
  facts.kernel.apparmor_enabled = true;
  facts.kernel.apparmor_loaded = missing();
  EXPECT_THAT(judge_apparmor(facts),
              ElementsAre(Field(&Line::mend, HasSubstr("securityfs")), line(Level::warning, "apparmor_parser")));
  facts.kernel.apparmor_loaded = std::set<std::string>{"docker-default"};
  facts.kernel.apparmor_parser = "/usr/sbin/apparmor_parser";
  EXPECT_THAT(judge_apparmor(facts), ElementsAre(line(Level::ok, "1 profiles")));
}

TEST(DoctorAppArmorProfiles, OfRunwardsOwnNeedOnlyBeLoadable) {
  Facts facts;
  facts.kernel.apparmor_enabled = true;
  facts.apparmor_wishes = {{.profile = "web", .apparmor = "runward-web", .required = true}};
  std::optional<Result<Standing>>& standing = facts.apparmor_wishes[0].standing;
  standing = Standing::loaded;
  EXPECT_THAT(judge_apparmor_profiles(facts), ElementsAre(line(Level::ok, "loaded")));
  standing = Standing::compiled;
  EXPECT_THAT(judge_apparmor_profiles(facts), ElementsAre(line(Level::ok, "compiled")));
  standing = Standing::to_compile;
  EXPECT_THAT(judge_apparmor_profiles(facts), ElementsAre(line(Level::info, "takes longer")));
  standing = Standing::unavailable;
  EXPECT_THAT(judge_apparmor_profiles(facts), ElementsAre(line(Level::fail, "apparmor_parser is missing")));
  facts.apparmor_wishes[0].required = false;
  EXPECT_THAT(judge_apparmor_profiles(facts), ElementsAre(line(Level::warning, "keep the engine's")));
}

TEST(DoctorAppArmorProfiles, ThatAreRequiredHaveToBeLoaded) {
  Facts facts;
  facts.apparmor_wishes = {{.profile = "web", .apparmor = "runward-web", .required = true}};
  EXPECT_THAT(judge_apparmor_profiles(facts), ElementsAre(is(Level::fail)));
  facts.apparmor_wishes[0].required = false;
  EXPECT_THAT(judge_apparmor_profiles(facts), ElementsAre(is(Level::info)));
  facts.kernel.apparmor_enabled = true;
  facts.kernel.apparmor_loaded = std::set<std::string>();
  EXPECT_THAT(judge_apparmor_profiles(facts), ElementsAre(is(Level::warning)));
  facts.kernel.apparmor_loaded = std::set<std::string>{"runward-web"};
  EXPECT_THAT(judge_apparmor_profiles(facts), ElementsAre(is(Level::ok)));
}

TEST(DoctorSelinux, ThatIsPermissiveIsAWarning) {
  Facts facts;
  EXPECT_THAT(judge_selinux(facts), ElementsAre(is(Level::info)));
  facts.kernel.selinux = "permissive";
  EXPECT_THAT(judge_selinux(facts), ElementsAre(is(Level::warning)));
}

TEST(DoctorCgroups, NamesVersionControllersAndAccounting) {
  Facts facts;
  facts.kernel.cgroups = Cgroups{.v2 = true, .controllers = {"memory", "cpu", "pids", "io"}};
  EXPECT_THAT(judge_cgroups(facts), ElementsAre(line(Level::ok, "version 2"), is(Level::ok)));
  facts.kernel.cgroups = Cgroups{.v2 = false, .controllers = {"cpu"}, .swap_accounting = false, .cpu_quota = false};
  EXPECT_THAT(judge_cgroups(facts), ElementsAre(line(Level::warning, "version 1"), line(Level::fail, "no memory, pids"),
                                                line(Level::warning, "swap"), line(Level::warning, "CPU quota")));
}

// ---- the low-level runtime

Facts with_runc(const std::string& version) {
  Facts facts;
  facts.runtime.path = std::string("/usr/sbin/runc");
  facts.runtime.only_root_writes = ok();
  facts.runtime.says = "runc version " + version + "\ncommit: x\n";
  return facts;
}

TEST(DoctorRuntime, ThatIsMissingFails) {
  Facts facts;
  facts.runtime.configured = "runc";
  facts.runtime.path = make_error(ErrorKind::io, "low-level runtime 'runc' not found");
  EXPECT_THAT(judge_runtime(facts), ElementsAre(line(Level::fail, "not found")));
}

TEST(DoctorRuntime, ThatOthersCanReplaceFails) {
  Facts facts = with_runc("1.3.3");
  EXPECT_THAT(judge_runtime(facts), ElementsAre(line(Level::ok, "runc 1.3.3")));
  facts.runtime.only_root_writes = writable();
  EXPECT_THAT(judge_runtime(facts), Contains(line(Level::fail, "others than root")));
}

TEST(DoctorAdvisories, FailWhereTheDistributionNamesNoFix) {
  Facts facts = with_runc("1.1.5+ds1");
  facts.runtime.package = std::string("runc");
  facts.runtime.changelog = std::string("runc (1.1.5+ds1-1+deb12u1)\n  * CVE-2024-21626: several container breakouts");
  const Lines lines = judge_advisories(facts);
  EXPECT_THAT(lines, Contains(AllOf(is(Level::ok), Field(&Line::subject, "CVE-2024-21626"))));
  EXPECT_THAT(lines, Contains(AllOf(line(Level::fail, "names no fix"), Field(&Line::subject, "CVE-2025-31133"))));
  EXPECT_THAT(lines, Contains(AllOf(is(Level::warning), Field(&Line::subject, "CVE-2024-45310"))));
  EXPECT_THAT(lines, Not(Contains(Field(&Line::subject, "CVE-2023-27561"))));
}

TEST(DoctorAdvisories, KnownFromTheVersionOnlyAreWarnings) {
  Facts facts = with_runc("1.1.5+ds1");
  facts.runtime.package = std::string("runc");
  facts.runtime.changelog = missing();
  EXPECT_THAT(judge_advisories(facts), Each(line(Level::warning, "version only")));
}

TEST(DoctorAdvisories, OfAnUpstreamBuildAreToldByItsVersion) {
  Facts facts = with_runc("1.2.7");
  facts.runtime.package = std::string();
  EXPECT_THAT(judge_advisories(facts), Contains(line(Level::fail, "of no package")));
}

TEST(DoctorAdvisories, AreNoneOfANewRuntime) {
  EXPECT_THAT(judge_advisories(with_runc("1.3.6")), ElementsAre(line(Level::ok, "none of runc 1.3.6")));
  Facts facts = with_runc("1.3.6");
  facts.runtime.says = std::string("youki version 0.5.0\n");
  EXPECT_THAT(judge_advisories(facts), ElementsAre(line(Level::info, "youki")));
  facts.runtime.says = std::string("hello");
  EXPECT_THAT(judge_advisories(facts), ElementsAre(is(Level::warning)));
}

TEST(Version, IsReadInTheFormsThatRuntimesAndDistributionsWrite) {
  EXPECT_EQ(parse_version("1.1.5+ds1"), (Version{1, 1, 5}));
  EXPECT_EQ(parse_version("1.0.0-rc93"), (Version{1, 0, 0, 93}));
  EXPECT_EQ(parse_version("1.2.0-rc.3+dev"), (Version{1, 2, 0, 3}));
  EXPECT_EQ(parse_version("1.20"), (Version{1, 20, 0}));
  EXPECT_EQ(parse_version("v1"), std::nullopt);
  EXPECT_EQ(parse_version("1."), std::nullopt);
  EXPECT_LT(*parse_version("1.2.0-rc.3"), *parse_version("1.2.0"));
}

struct AdvisoryCase {
  std::string cve;
  std::string version;
  bool concerned;
};
TEST(Advisories, ConcernVersionsBelowTheFixOfTheirSeries) {
  for (const AdvisoryCase& row : {AdvisoryCase{"CVE-2024-21626", "runc version 1.1.11", true},
                                  {"CVE-2024-21626", "runc version 1.1.12", false},
                                  {"CVE-2024-21626", "runc version 1.0.0-rc92", false},
                                  {"CVE-2024-21626", "runc version 1.0.0-rc93", true},
                                  {"CVE-2025-31133", "runc version 1.1.15", true},
                                  {"CVE-2025-31133", "runc version 1.2.7", true},
                                  {"CVE-2025-31133", "runc version 1.2.8", false},
                                  {"CVE-2025-31133", "runc version 1.3.2", true},
                                  {"CVE-2025-31133", "runc version 1.4.0-rc.2", true},
                                  {"CVE-2025-31133", "runc version 1.4.0", false},
                                  {"CVE-2025-31133", "runc version 1.5.0", false},
                                  {"CVE-2025-31133", "crun version 1.8.1", false},
                                  {"CVE-2025-24965", "crun version 1.8.1", true},
                                  {"CVE-2026-30892", "crun version 1.8.1", false},
                                  {"CVE-2026-30892", "crun version 1.26", true}}) {
    const auto program = parse_program_version(row.version);
    ASSERT_TRUE(program);
    const auto found = std::ranges::find(advisories(), row.cve, &Advisory::cve);
    ASSERT_NE(found, advisories().end()) << row.cve;
    EXPECT_EQ(concerns(*found, *program), row.concerned) << row.cve << " " << row.version;
  }
}

// ---- engines

EngineFacts docker_with(const std::string& default_runtime) {
  EngineFacts engine;
  engine.engine = Engine::docker;
  engine.where = "unix:///var/run/docker.sock";
  engine.default_runtime = default_runtime;
  engine.runward = {{.name = "runward", .path = "/usr/bin/runward", .usable = ok(), .only_root_writes = ok()}};
  return engine;
}

Lines judge_docker(const EngineFacts& engine) {
  Facts facts;
  facts.engines = {engine};
  return judge_engine(facts, Engine::docker);
}

TEST(DoctorEngine, ThatIsNotThereIsNoProblem) {
  EXPECT_THAT(judge_engine(Facts(), Engine::podman), ElementsAre(line(Level::info, "not found")));
}

TEST(DoctorEngine, WhoseDefaultIsAnotherRuntimeLeavesAWayOpen) {
  EXPECT_THAT(judge_docker(docker_with("runward")), Each(is(Level::ok)));
  EXPECT_THAT(judge_docker(docker_with("runc")), Contains(line(Level::warning, "this way around is open")));
}

TEST(DoctorEngine, WithoutRunwardSaysHowToRegisterIt) {
  EngineFacts engine = docker_with("runc");
  engine.runward.clear();
  EXPECT_THAT(judge_docker(engine), Contains(Field(&Line::mend, "runwardctl install")));
}

TEST(DoctorEngine, WhoseRuntimeIsGoneOrOthersOrOldIsTold) {
  EngineFacts engine = docker_with("runward");
  engine.runward[0].build = Build::other;
  EXPECT_THAT(judge_docker(engine), Contains(line(Level::warning, "another build")));
  engine.runward[0].only_root_writes = writable();
  EXPECT_THAT(judge_docker(engine), Contains(line(Level::fail, "others than root")));
  engine.runward[0].usable = missing();
  EXPECT_THAT(judge_docker(engine), Contains(line(Level::fail, "do not start")));
}

TEST(DoctorEngine, ThatDoesNotAnswerIsAWarning) {
  EngineFacts engine = docker_with("runward");
  engine.problem = "Cannot connect to the Docker daemon";
  EXPECT_THAT(judge_docker(engine), Contains(line(Level::warning, "Cannot connect")));
}

TEST(DoctorEngine, PodmanHasToAskForJson) {
  Facts facts;
  facts.engines = {docker_with("runward")};
  facts.engines[0].engine = Engine::podman;
  facts.engines[0].supports_json = {"crun"};
  EXPECT_THAT(judge_engine(facts, Engine::podman), Contains(line(Level::warning, "runtime_supports_json")));
  facts.engines[0].supports_json->insert("runward");
  EXPECT_THAT(judge_engine(facts, Engine::podman), Each(is(Level::ok)));
}

// ---- files

TEST(DoctorConfigurationFiles, ThatOthersCanWriteFail) {
  Facts facts;
  facts.configuration_files = std::vector<FileFact>{{"/etc/runward", 0, S_IFDIR | 0755},
                                                    {"/etc/runward/config.json", 1000, S_IFREG | 0644},
                                                    {"/etc/runward/profiles", 0, S_IFDIR | 0775},
                                                    {"/etc/runward/link", 0, S_IFLNK | 0777}};
  const Lines lines = judge_configuration_files(facts);
  EXPECT_THAT(lines, ElementsAre(line(Level::fail, "owner 1000"), line(Level::fail, "owner 0"),
                                 line(Level::warning, "symbolic link")));
  EXPECT_EQ(lines[1].subject, "/etc/runward/profiles");
}

TEST(DoctorConfigurationFiles, ThatAreAbsentAreNoProblem) {
  Facts facts;
  facts.configuration_files = missing();
  EXPECT_THAT(judge_configuration_files(facts), ElementsAre(is(Level::info)));
  facts.configuration_files = denied();
  EXPECT_THAT(judge_configuration_files(facts), ElementsAre(is(Level::warning)));
}

TEST(DoctorConfiguration, ThatDoesNotParseFails) {
  Facts facts;
  facts.configuration = std::vector<Checked>{{.what = "profile 'web'", .problem = "profile.json:3:1: unknown key"},
                                             {.what = "profile 'default'", .problem = ""}};
  EXPECT_THAT(judge_configuration(facts), ElementsAre(line(Level::fail, "profile.json:3:1")));
}

TEST(DoctorEvents, WantRoomAndRootOnly) {
  constexpr std::uint64_t kPlenty = std::uint64_t{1} << 40U;
  Facts facts;
  facts.events.file = "/var/log/runward/events.jsonl";
  facts.events.folder = FileFact{"/var/log/runward", 0, S_IFDIR | 0750};
  facts.events.free_bytes = kPlenty;
  EXPECT_THAT(judge_events(facts), ElementsAre(is(Level::ok)));
  facts.events.log = FileFact{facts.events.file, 0, S_IFREG | 0644};
  EXPECT_THAT(judge_events(facts), ElementsAre(line(Level::warning, "read by everybody")));
  facts.events.log = FileFact{facts.events.file, 7, S_IFREG | 0640};
  EXPECT_THAT(judge_events(facts), ElementsAre(line(Level::fail, "forged")));
  facts.events.log.reset();
  facts.events.free_bytes = std::uint64_t{0};
  EXPECT_THAT(judge_events(facts), ElementsAre(line(Level::warning, "are lost")));
  facts.events.required = true;
  EXPECT_THAT(judge_events(facts), ElementsAre(line(Level::fail, "do not start")));
}

// ---- the whole

TEST(DoctorLevels, TheWorstDecidesTheExitCode) {
  EXPECT_EQ(exit_code_of({{"worst", "ok"}}), 0);
  EXPECT_EQ(exit_code_of({{"worst", "info"}}), 0);
  EXPECT_EQ(exit_code_of({{"worst", "warning"}}), 1);
  EXPECT_EQ(exit_code_of({{"worst", "fail"}}), 2);
}

TEST(DoctorFacts, OfWhichNoneCouldBeReadAreWarningsAndNoCrash) {
  const oci::Value result = examination(Facts());
  EXPECT_EQ(result["worst"], "fail");  // the low-level runtime: without it no container starts
  for (const oci::Value& one : result["lines"]) EXPECT_EQ(one["level"] == "fail", one["check"] == "runtime") << one;
  for (const oci::Value& one : result["lines"])
    for (const auto* member : {"check", "title", "level", "subject", "reason", "mend"})
      EXPECT_TRUE(one[member].is_string()) << member;
}

}  // namespace
}  // namespace runward::ctl::doctor

// SPDX-License-Identifier: Apache-2.0

// The generator, on recordings that are small enough to know by heart what must come of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "apparmor/match.h"
#include "profiles/generator/difference.h"
#include "profiles/generator/lint.h"
#include "profiles/generator/make_apparmor.h"
#include "profiles/generator/report.h"
#include "seccomp/algebra.h"
#include "seccomp/data/risks.h"
#include "tests/unit/profiles/generator_cases.h"

namespace runward::profiles {
namespace {

using apparmor::Owner;
using apparmor::Permission;
using seccomp::Reach;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

const Parent& parent() {
  static const Parent kParent = default_parent();
  return kParent;
}

Generated made_from(const Collection& recordings, Headroom headroom = Headroom::strict, Format format = Format::oci) {
  auto made = generate(recordings, {.name = "web", .headroom = headroom, .format = format}, parent());
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return *std::move(made);
}

bool passes(const Generated& made, const std::string& call, const seccomp::Arguments& arguments) {
  return lets_through(seccomp::decide(made.seccomp.profile, call, arguments));
}

// --- collections ----------------------------------------------------------------------------

TEST(Collections, AreReadBackAsTheyWereWritten) {
  const Collection both = {recording_of("a", {"read"}), recording_of("b", {"write"})};
  const auto read = parse_collection(print_collection(both), "both.json");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, both);
}

TEST(Collections, TakeOneRecordingAsItIs) {
  const Recording one = recording_of("a", {"read"});
  EXPECT_EQ(*parse_collection(print_recording(one), "a.json"), Collection{one});
}

// What a reader of the schema expects is what is printed, and what the schema forbids is refused.
TEST(Collections, AreAsTheirSchemaSays) {
  std::ifstream file(RUNWARD_SOURCE_DIR "/profiles/schema/collection.schema.json");
  const auto schema = oci::Value::parse(file);
  const auto printed = oci::Value::parse(print_collection({recording_of("a", {"read"}), recording_of("b", {"read"})}));
  std::vector<std::string> keys;
  for (const auto& [key, member] : printed.items()) keys.push_back(key);
  EXPECT_THAT(schema["required"], testing::UnorderedElementsAreArray(keys));
  EXPECT_EQ(schema["properties"].size(), keys.size());
  EXPECT_EQ(schema["properties"]["version"]["const"], printed["version"]);
  EXPECT_EQ(schema["properties"]["recordings"]["items"]["$ref"], "recording.schema.json");
  auto most = printed;
  most["recordings"] =
      std::vector(schema["properties"]["recordings"]["maxItems"].get<std::size_t>(), printed["recordings"][0]);
  EXPECT_TRUE(parse_collection(most.dump(), "most.json"));
  most["recordings"].push_back(printed["recordings"][0]);
  EXPECT_FALSE(parse_collection(most.dump(), "more.json"));
  most["recordings"].clear();
  EXPECT_FALSE(parse_collection(most.dump(), "none.json"));
}

TEST(Collections, RefuseWhatIsNone) {
  for (const std::string text :
       {"{}", "[]", R"({"version": 1, "recordings": []})", R"({"version": 2, "recordings": [{}]})",
        R"({"version": 1, "recordings": [{}]})", R"({"version": 1, "recordings": [], "x": 1})"})
    EXPECT_FALSE(parse_collection(text, "x.json")) << text;
}

TEST(Observed, CountsInHowManyRecordingsAThingWas) {
  const auto seen = observe({recording_of("a", {"read", "write"}), recording_of("b", {"read"})});
  EXPECT_EQ(seen->recordings, 2U);
  EXPECT_EQ(seen->calls.at("read").recordings, 2U);
  EXPECT_EQ(seen->calls.at("write").recordings, 1U);
  EXPECT_EQ(seen->calls.at("read").count, 4U);
}

TEST(Observed, LeavesOutWhatTheRuntimeDoesBeforeTheProgram) {
  Recording recording = recording_of("a", {"read"});
  recording.calls[Phase::runtime_start][native()]["pivot_root"] = {.count = 1, .executables = {}, .arguments = {}};
  recording.capabilities[Phase::runtime_start]["CAP_SYS_ADMIN"] = {.count = 1, .executables = {}};
  const auto seen = observe({recording});
  EXPECT_FALSE(seen->calls.contains("pivot_root"));
  EXPECT_THAT(seen->capabilities, IsEmpty());
}

TEST(Observed, IsAnErrorForTwoArchitecturesAndForNoCalls) {
  Recording other = recording_of("b", {"read"});
  other.host.architecture = "arm";
  EXPECT_FALSE(observe({recording_of("a", {"read"}), other}));
  EXPECT_FALSE(observe({recording_of("a", {})}));
}

// --- seccomp --------------------------------------------------------------------------------

TEST(Filter, StrictLetsThroughWhatWasRecordedAndWhatStartsAProgram) {
  const Generated made = made_from({recording_of("a", {"getrandom", "bind"})});
  EXPECT_TRUE(passes(made, "getrandom", {}));
  EXPECT_TRUE(passes(made, "bind", {}));
  EXPECT_TRUE(passes(made, "execve", {}));
  EXPECT_TRUE(passes(made, "exit_group", {}));
  EXPECT_FALSE(passes(made, "listen", {}));
  EXPECT_FALSE(passes(made, "rename", {}));
}

TEST(Filter, PortableAddsTheSameRightInOtherSpellings) {
  const Generated made = made_from({recording_of("a", {"renameat2", "epoll_wait", "recvmsg"})}, Headroom::portable);
  EXPECT_TRUE(passes(made, "rename", {}));
  EXPECT_TRUE(passes(made, "epoll_create1", {}));
  EXPECT_EQ(made.seccomp.reasons.at("rename"), "as renameat2");
  EXPECT_FALSE(passes(made, "listen", {}));
  // Another spelling too, but one that attacks are known for.
  EXPECT_FALSE(passes(made, "recvmmsg", {}));
}

TEST(Filter, AnswersClone3WithNotThere) {
  const Generated made = made_from({recording_of("a", {"read", "clone3"})});
  EXPECT_EQ(seccomp::decide(made.seccomp.profile, "clone3", {}),
            (seccomp::Outcome{.action = seccomp::Action::error, .data = 38}));
  EXPECT_THAT(made.seccomp.refused, IsEmpty());
}

TEST(Filter, TakesNamespaceFlagsFromClone) {
  Recording recording = recording_of("a", {"read"});
  add_argument(recording, "clone", {0x10000000 | 17});  // CLONE_NEWUSER
  const Generated made = made_from({recording});
  EXPECT_TRUE(passes(made, "clone", {0x3d0f00}));
  for (const std::uint64_t flag : {0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000})
    EXPECT_FALSE(passes(made, "clone", {static_cast<std::uint64_t>(flag) | 17U})) << flag;
}

TEST(Filter, LetsSocketsIoctlsAndOptionsThroughAsTheyWereRecorded) {
  Recording recording = recording_of("a", {"read"});
  add_argument(recording, "socket", {2, 0x80801, 6});  // AF_INET, SOCK_STREAM with both flags, TCP
  add_argument(recording, "ioctl", {0x5421});          // FIONBIO
  add_argument(recording, "prctl", {4});               // PR_SET_DUMPABLE
  add_argument(recording, "personality", {0xffffffff});
  const Generated made = made_from({recording});
  EXPECT_TRUE(passes(made, "socket", {2, 1, 6}));
  EXPECT_FALSE(passes(made, "socket", {2, 2, 17}));
  EXPECT_FALSE(passes(made, "socket", {16, 3, 0}));
  EXPECT_TRUE(passes(made, "ioctl", {3, 0x5421}));
  EXPECT_FALSE(passes(made, "ioctl", {3, 0x5401}));
  EXPECT_TRUE(passes(made, "prctl", {4}));
  EXPECT_TRUE(passes(made, "prctl", {15}));  // a thread's name: any runtime gives one
  EXPECT_FALSE(passes(made, "prctl", {26}));
  EXPECT_TRUE(passes(made, "personality", {0xffffffff}));
  EXPECT_FALSE(passes(made, "personality", {8}));
}

TEST(Filter, WithHeadroomLetsThroughWhatLibrariesAskOfAnyDescriptor) {
  Recording recording = recording_of("a", {"read"});
  add_argument(recording, "ioctl", {0x5421});
  const Generated made = made_from({recording}, Headroom::portable);
  EXPECT_TRUE(passes(made, "ioctl", {3, 0x541b}));   // FIONREAD
  EXPECT_FALSE(passes(made, "ioctl", {3, 0x5402}));  // TCSETS: a change
  EXPECT_FALSE(passes(made_from({recording_of("a", {"read"})}, Headroom::portable), "ioctl", {3, 0x541b}));
}

TEST(Filter, LooksAtTheHalfOfAnArgumentThatTheKernelLooksAt) {
  Recording recording = recording_of("a", {"read"});
  add_argument(recording, "ioctl", {0x5421});
  const Generated made = made_from({recording});
  constexpr std::uint64_t kBeyond32 = std::uint64_t{1} << 32U;
  EXPECT_TRUE(passes(made, "ioctl", {0, kBeyond32 | 0x5421}));
  EXPECT_FALSE(passes(made, "ioctl", {0, kBeyond32 | 0x5412}));
}

TEST(Filter, TakesTheParentsRuleWhereValuesAreNotKnown) {
  Recording recording = recording_of("a", {"read", "ioctl"});  // made, but with what?
  const Generated made = made_from({recording});
  EXPECT_TRUE(passes(made, "ioctl", {0, 0x5401}));
  EXPECT_FALSE(passes(made, "ioctl", {0, 0x5412}));  // TIOCSTI: the parent's exception
  EXPECT_THAT(made.seccomp.whole, ElementsAre("ioctl"));
}

TEST(Filter, IsNeverWiderThanItsParent) {
  const Generated made = made_from({recording_of("a", {"read", "ptrace", "mount", "#1234"})}, Headroom::portable);
  EXPECT_FALSE(passes(made, "ptrace", {}));
  EXPECT_THAT(made.seccomp.refused, UnorderedElementsAre("mount", "ptrace"));
  EXPECT_THAT(made.seccomp.unnamed, ElementsAre("#1234"));
  EXPECT_FALSE(seccomp::find_excess(made.seccomp.profile, parent().filter({}, native())));
}

TEST(Filter, InDockersFormMeansTheSame) {
  const Collection recordings = {recording_of("a", {"read", "socketpair"})};
  const Generated oci = made_from(recordings);
  const Generated docker = made_from(recordings, Headroom::strict, Format::docker);
  EXPECT_THAT(docker.files.at("seccomp.json"), HasSubstr("archMap"));
  const ProfileFolder a = read_back(oci, parent(), recordings);
  const ProfileFolder b = read_back(docker, parent(), recordings);
  // Calls that this libseccomp has no number for are dropped from the one only: they are refused by both.
  EXPECT_FALSE(seccomp::find_excess(a.filter(native()), b.filter(native())));
  EXPECT_FALSE(seccomp::find_excess(b.filter(native()), a.filter(native())));
}

// --- AppArmor -------------------------------------------------------------------------------

FileUse use_of(const std::string& letters) {
  FileUse use{.count = 1, .executables = {}};
  for (const char letter : letters) {
    use.read |= letter == 'r';
    use.write |= letter == 'w';
    use.execute |= letter == 'x';
    use.map |= letter == 'm';
    use.directory |= letter == '/';
  }
  return use;
}

bool may(const Generated& made, const std::string& path, Permission permission) {
  return apparmor::file_access(made.apparmor, path, Owner::yes).permissions.has(permission);
}

TEST(AppArmor, AllowsWhatWasOpenedAndNothingBesideIt) {
  Recording recording = recording_of("a", {"read"});
  recording.files = {{"/srv/site/index.html", use_of("r")}, {"/usr/sbin/nginx", use_of("rx")},
                     {"/usr/lib/libz.so.1", use_of("rm")},  {"/srv/site", use_of("r/")},
                     {"/data/log", use_of("rw")},           {"/proc/@{pid}/limits", use_of("r")}};
  const Generated made = made_from({recording});
  EXPECT_TRUE(may(made, "/srv/site/index.html", Permission::read));
  EXPECT_FALSE(may(made, "/srv/site/index.html", Permission::write));
  EXPECT_FALSE(may(made, "/srv/site/other.html", Permission::read));
  EXPECT_TRUE(may(made, "/srv/site/", Permission::read));
  EXPECT_TRUE(may(made, "/data/log", Permission::write));
  EXPECT_FALSE(may(made, "/data/log2", Permission::write));
  EXPECT_TRUE(may(made, "/usr/lib/libz.so.1", Permission::map));
  EXPECT_TRUE(may(made, "/proc/4711/limits", Permission::read));
  EXPECT_FALSE(may(made, "/etc/shadow", Permission::read));
  EXPECT_TRUE(apparmor::file_access(made.apparmor, "/usr/sbin/nginx", Owner::yes).transition);
  EXPECT_FALSE(apparmor::file_access(made.apparmor, "/tmp/dropped", Owner::yes).transition);
  EXPECT_FALSE(apparmor::file_access(made.apparmor, "/bin/sh", Owner::yes).transition);
}

TEST(AppArmor, FoldsAFolderOfLibrariesAndNotOneOfSecrets) {
  Recording recording = recording_of("a", {"read"});
  for (int i = 0; i < 40; ++i) {
    recording.files["/usr/lib/modules.d/" + std::to_string(i)] = use_of("r");
    recording.files["/etc/keys/" + std::to_string(i)] = use_of("r");
  }
  const Generated made = made_from({recording});
  EXPECT_TRUE(may(made, "/usr/lib/modules.d/other", Permission::read));
  EXPECT_FALSE(may(made, "/usr/lib/modules.d/other", Permission::write));
  EXPECT_FALSE(may(made, "/usr/lib/modules.d/deeper/other", Permission::read));
  EXPECT_TRUE(may(made, "/etc/keys/7", Permission::read));
  EXPECT_FALSE(may(made, "/etc/keys/other", Permission::read));
}

TEST(AppArmor, KeepsWhatTheParentDenies) {
  Recording recording = recording_of("a", {"read"});
  recording.files = {{"/proc/kcore", use_of("r")}, {"/proc/sys/kernel/core_pattern", use_of("rw")}};
  const Generated made = made_from({recording}, Headroom::portable);
  EXPECT_FALSE(may(made, "/proc/kcore", Permission::read));
  EXPECT_FALSE(may(made, "/proc/sys/kernel/core_pattern", Permission::write));
}

TEST(AppArmor, NamesTheNetworksAndCapabilitiesThatWereUsed) {
  Recording recording = recording_of("a", {"read"});
  add_argument(recording, "socket", {2, 1, 6});
  recording.capabilities[Phase::application]["CAP_CHOWN"] = {.count = 1, .executables = {}};
  const std::string text = made_from({recording}).files.at("apparmor");
  EXPECT_THAT(text, HasSubstr("profile runward-web "));
  EXPECT_THAT(text, HasSubstr("network inet stream,"));
  EXPECT_THAT(text, Not(HasSubstr("network netlink")));
  EXPECT_THAT(text, HasSubstr("  capability chown,"));
  EXPECT_THAT(text, Not(HasSubstr("  capability,")));
  EXPECT_THAT(text, HasSubstr("peer=\"runward-web\""));
  EXPECT_THAT(text, Not(HasSubstr("runward-default")));
}

// --- settings -------------------------------------------------------------------------------

std::vector<std::string> paths_of(const std::vector<policy::Scratch>& scratch) {
  std::vector<std::string> paths;
  for (const policy::Scratch& each : scratch) paths.push_back(each.path);
  return paths;
}

TEST(Settings, GiveTheCapabilitiesThatWereUsedAndTheParentKnows) {
  Recording recording = recording_of("a", {"read"});
  for (const char* name : {"CAP_CHOWN", "CAP_NET_RAW", "CAP_SYS_ADMIN"})
    recording.capabilities[Phase::application][name] = {.count = 1, .executables = {}};
  const Settings settings = made_from({recording}).settings;
  EXPECT_EQ(settings.allowed, (oci::CapabilitySet{"CAP_CHOWN"}));
  EXPECT_EQ(settings.on_request, (oci::CapabilitySet{"CAP_NET_RAW"}));
  EXPECT_THAT(settings.refused, ElementsAre("CAP_SYS_ADMIN"));
}

TEST(Settings, LeaveTheParentsCapabilitiesWhereNoneCouldBeSeen) {
  Recording recording = recording_of("a", {"read"});
  recording.mechanisms.capabilities.clear();
  const Generated made = made_from({recording});
  EXPECT_THAT(made.files.at("profile.json"), Not(HasSubstr("capabilities")));
  EXPECT_THAT(made.files.at("apparmor"), HasSubstr("capability setpcap,"));
}

TEST(Settings, MakeScratchOfFoldersThatWereWrittenTo) {
  Recording recording = recording_of("a", {"read"});
  recording.upper.created = {
      "/run/nginx.pid", "/var/lib/nginx/body", "/var/lib/nginx/body/1", "/opt/app/cache/new/x", "/of-a",
      "/etc/hosts",     "/.dockerenv"};
  recording.upper.written = {"/etc/nginx/conf.d/default.conf", "/usr/bin/tool"};
  const Settings settings = made_from({recording}).settings;
  EXPECT_THAT(paths_of(settings.scratch),
              ElementsAre("/etc/nginx/conf.d", "/opt/app/cache/new", "/run", "/var/lib/nginx"));
  EXPECT_THAT(settings.read_only, ElementsAre("/of-a", "/usr/bin/tool"));
}

// A container can make as many as a recording takes: a look at all of them for each of them would not come to an end.
TEST(Settings, TakeTheFoldersInWhichMostWasWrittenAndNameTheOthers) {
  constexpr int kFolders = 100'000;
  Recording recording = recording_of("a", {"read"});
  const std::string used = "/opt/z";  // the last by name
  for (int i = 0; i < kFolders; ++i) recording.upper.created.insert("/opt/d" + std::to_string(i) + "/file");
  for (const char* file : {"/1", "/2", "/in/it"}) recording.upper.created.insert(used + file);
  const Generated made = made_from({recording});
  const Settings& settings = made.settings;
  EXPECT_EQ(settings.scratch.size(), 64U);
  EXPECT_THAT(paths_of(settings.scratch), Contains(used));
  EXPECT_EQ(settings.no_room.size(), kFolders + 1 - 64U);
  EXPECT_THAT(settings.read_only, IsEmpty());
  const std::string& report = made.files.at("REPORT.md");
  EXPECT_THAT(report, HasSubstr("writes in 99937 folders beyond the most that a profile takes"));
  EXPECT_THAT(report, HasSubstr("and 98937 more"));
}

// "-" sorts before "/".
TEST(Settings, TakeNoFolderInsideOfAnother) {
  Recording recording = recording_of("a", {"read"});
  recording.upper.created = {"/opt/a/x", "/opt/a-b/x", "/opt/a/b/x", "/opt/a/b/c/d/x"};
  EXPECT_THAT(paths_of(made_from({recording}).settings.scratch), ElementsAre("/opt/a", "/opt/a-b"));
}

TEST(Settings, MakeScratchOfFoldersWhoseFilesAreGoneInTheEnd) {
  Recording recording = recording_of("a", {"read"});
  recording.files = {{"/run/nginx.pid", use_of("rw")}, {"/tmp/x", use_of("r")}, {"/data/x", use_of("rw")}};
  EXPECT_THAT(paths_of(made_from({recording}).settings.scratch), ElementsAre("/run"));
}

TEST(Settings, SetLimitsAboveThePeaksAndNeverAboveTheParents) {
  Recording recording = recording_of("a", {"read"});
  constexpr std::uint64_t kMiB = 1U << 20U;
  recording.peaks = {.memory = 100 * kMiB, .page_cache = 0, .pids = 10, .cpu = 500, .cpu_time = 0};
  const Settings settings = made_from({recording}).settings;
  EXPECT_EQ(settings.memory, 192 * kMiB);  // 1.5 × 100 + 32, in steps of 16
  EXPECT_EQ(settings.pids, 32U);           // 1.5 × 10 + 16, in steps of 8
  EXPECT_EQ(settings.cpu, 1000U);          // 1.5 × 500 + 250, in steps of 250
  recording.peaks = {.memory = 8192 * kMiB, .page_cache = 0, .pids = 5000, .cpu = 0, .cpu_time = 0};
  const Settings large = made_from({recording}).settings;
  EXPECT_FALSE(large.memory);
  EXPECT_FALSE(large.pids);
  EXPECT_FALSE(large.cpu);
}

TEST(Settings, RefuseRootWhereNobodyWasRoot) {
  Recording recording = recording_of("a", {"read"});
  EXPECT_TRUE(made_from({recording}).settings.root_allowed);  // nobody was seen at all
  recording.users = {{.uid = 101, .gid = 101}};
  EXPECT_FALSE(made_from({recording}).settings.root_allowed);
  recording = recording_of("a", {"setuid"});
  recording.users = {{.uid = 101, .gid = 101}};
  EXPECT_TRUE(made_from({recording}).settings.root_allowed);  // it was root before
}

// --- check, lint, difference, evidence ------------------------------------------------------

Verdicts verdicts_of(const Generated& made, const Collection& made_of, const Collection& recordings) {
  auto verdicts = check(read_back(made, parent(), made_of), recordings, parent());
  EXPECT_TRUE(verdicts) << (verdicts ? "" : verdicts.error().message);
  return *std::move(verdicts);
}

TEST(Check, PassesWhatItWasMadeFrom) {
  Recording recording = recording_of("a", {"read", "ioctl", "ptrace"});
  recording.files = {{"/srv/x", use_of("rw")}, {"/bin/sh", use_of("rx")}};
  add_argument(recording, "socket", {1, 1, 0});
  const Verdicts verdicts = verdicts_of(made_from({recording}), {recording}, {recording});
  EXPECT_THAT(verdicts.failures, IsEmpty());
  EXPECT_THAT(verdicts.notes, ElementsAre("call ptrace: the parent refuses it too"));
  EXPECT_EQ(verdicts.attacks, seccomp::risks().size());
}

TEST(Check, TellsWhatAnotherRecordingLacks) {
  Recording first = recording_of("a", {"read"});
  first.files = {{"/srv/x", use_of("r")}};
  add_argument(first, "socket", {1, 1, 0});
  Recording second = recording_of("b", {"read", "listen"});
  second.files = {{"/srv/x", use_of("rw")}, {"/srv/y", use_of("r")}};
  second.capabilities[Phase::application]["CAP_KILL"] = {.count = 1, .executables = {}};
  add_argument(second, "socket", {2, 1, 6});
  const Verdicts verdicts = verdicts_of(made_from({first}), {first}, {second});
  EXPECT_THAT(verdicts.failures,
              ElementsAre("call listen: refused", "call socket 2 1 6 0 0 0: refused", "capability CAP_KILL: not given",
                          "file /srv/x: may not write it", "file /srv/y: may not read it"));
}

TEST(Check, FailsAFilterThatLetsAnAttackThrough) {
  const Collection recordings = {recording_of("a", {"read"})};
  ProfileFolder folder = read_back(made_from(recordings), parent(), recordings);
  folder.seccomp.rules.push_back({.names = {"bpf"},
                                  .outcome = {.action = seccomp::Action::allow, .data = 0},
                                  .alternatives = {{}},
                                  .includes = {},
                                  .excludes = {}});
  const auto verdicts = check(folder, recordings, parent());
  ASSERT_TRUE(verdicts);
  EXPECT_THAT(verdicts->failures, Contains(HasSubstr("attack ")));
}

TEST(Lint, FindsNothingRiskyInWhatWasGenerated) {
  Recording recording = recording_of("a", {"read"});
  recording.files = {{"/srv/x", use_of("rw")}, {"/bin/sh", use_of("rx")}};
  const Collection recordings = {recording};
  for (const Lint& each : lint(read_back(made_from(recordings), parent(), recordings), native()))
    EXPECT_NE(each.grade, Lint::Grade::risk) << each.what;
}

TEST(Lint, TellsWhatIsOpenAndWhatIsSpare) {
  const Collection recordings = {recording_of("a", {"read"})};
  ProfileFolder folder = read_back(made_from(recordings, Headroom::portable), parent(), recordings);
  folder.apparmor->add({.body = apparmor::FileRule{}});
  folder.apparmor->add(
      {.body = apparmor::FileRule{.path = *apparmor::exact_path("/srv/spare"), .permissions = {Permission::read}}});
  folder.policy.rule(policy::RuleId::seccomp).mode = policy::Mode::audit;
  std::vector<std::string> risks, spare;
  for (const Lint& each : lint(folder, native()))
    (each.grade == Lint::Grade::risk ? risks : spare).push_back(each.what);
  EXPECT_THAT(risks, UnorderedElementsAre("apparmor: file, all files", "rule seccomp is not enforced"));
  EXPECT_THAT(spare, Contains("seccomp: readv"));
  EXPECT_THAT(spare, Contains("apparmor: /srv/spare r,"));
}

TEST(Lint, SaysThatTheParentHasAllFiles) {
  const ProfileFolder folder{.name = "default",
                             .policy = parent().policy,
                             .seccomp = parent().seccomp,
                             .apparmor = parent().apparmor,
                             .recordings = {}};
  EXPECT_THAT(lint(folder, native()), Contains(Lint{.grade = Lint::Grade::risk, .what = "apparmor: file, all files"}));
}

TEST(Difference, IsEmptyForTheSameAndTellsBothWays) {
  const Collection a = {recording_of("a", {"read", "write"})};
  const Collection b = {recording_of("b", {"read", "listen"})};
  EXPECT_THAT(difference(a, a), IsEmpty());
  EXPECT_THAT(difference(a, b), ElementsAre("+ call " + native() + " listen", "- call " + native() + " write"));
  const ProfileFolder first = read_back(made_from(a), parent(), a);
  const ProfileFolder second = read_back(made_from(b), parent(), b);
  EXPECT_THAT(difference(first, first, native()), IsEmpty());
  EXPECT_THAT(difference(first, second, native()), ElementsAre("+ call listen"));
}

TEST(Evidence, NamesRecordingPhaseAndExecutable) {
  Recording recording = recording_of("a", {"read"});
  recording.calls[Phase::exec][native()]["read"] = {.count = 1, .executables = {{"/bin/sh", 1}}, .arguments = {}};
  recording.files = {{"/srv/x", use_of("rw")}};
  recording.upper.written = {"/srv/x"};
  const auto calls = evidence_of({recording}, "read");
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].phase + " " + calls[0].executable, "application /usr/sbin/nginx");
  EXPECT_EQ(calls[1].phase + " " + calls[1].executable, "exec /bin/sh");
  const auto files = evidence_of({recording}, "/srv/x");
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].detail, "rw");
  EXPECT_EQ(files[1].detail, "changed in the writable layer");
  EXPECT_THAT(evidence_of({recording}, "/srv/y"), IsEmpty());
}

TEST(Report, TellsWhatFailsWhatIsAllowedAndWhatIsMissing) {
  Recording first = recording_of("a", {"read", "ptrace"});
  first.complete = false;
  first.gaps = {"3 events of files were lost"};
  first.upper.created = {"/of-a"};
  const std::string report = made_from({first, recording_of("b", {"read", "listen"})}).files.at("REPORT.md");
  EXPECT_THAT(report, HasSubstr("the parent lets nobody make: `ptrace`"));
  EXPECT_THAT(report, HasSubstr("mount a volume there, or change the image): `/of-a`"));
  EXPECT_THAT(report, HasSubstr("| `read` | recorded | 2 of 2 | 4 |"));
  EXPECT_THAT(report, HasSubstr("| `listen` | recorded | 1 of 2 | 2 |"));
  EXPECT_THAT(report, HasSubstr("| Docker's default (20.10, amd64) | 352 |"));
  EXPECT_THAT(report, HasSubstr("`a`: `3 events of files were lost`"));
}

TEST(Report, NamesOfAContainerAreNothingButText) {
  Recording recording = recording_of("a", {"read"});
  recording.image = "`x`\n# heading <b>";
  recording.command = {"sh", "-c", "a | b\n\x1b[2J"};
  const std::string report = made_from({recording}).files.at("REPORT.md");
  EXPECT_THAT(report, HasSubstr(R"(`'x'\x0a# heading <b>`)"));
  EXPECT_THAT(report, HasSubstr(R"(`sh -c a / b\x0a\x1b[2J`)"));
}

}  // namespace
}  // namespace runward::profiles

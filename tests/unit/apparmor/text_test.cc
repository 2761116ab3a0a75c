// SPDX-License-Identifier: Apache-2.0

// Profiles as text: render.h, parse.h, merge.h, and the shipped ones.

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <random>

#include "apparmor/match.h"
#include "apparmor/merge.h"
#include "apparmor/parse.h"
#include "apparmor/render.h"
#include "tests/unit/apparmor/random_profile.h"

namespace runward::apparmor {
namespace {

using testing::HasSubstr;
using testing::Not;

Profile profile_of(const std::string& rules) {
  auto profile = parse("profile p {\n" + rules + "\n}", "test");
  EXPECT_TRUE(profile) << profile.error().message;
  return profile ? *std::move(profile) : Profile{.name = "p"};
}

std::string only_rule(const std::string& text) {
  const Profile profile = profile_of(text);
  EXPECT_EQ(profile.rules.size(), 1U) << text;
  return profile.rules.empty() ? "" : render(*profile.rules.begin());
}

TEST(Parse, ReadsEveryKindOfRule) {
  struct Case {
    std::string given, printed;
  };
  for (const Case& each : {
           Case{"file,", "file,"},
           {"owner file,", "owner file,"},
           {"/a/** rwlkm,", "/a/** rwlkm,"},
           {"/a/{b,c}* r , # why", "/a/{b,c}* r,"},
           {"file /a mr,", "/a rm,"},
           {"owner /a rw,", "owner /a rw,"},
           {"/bin/x rpix -> other,", "/bin/x rpix -> other,"},
           {"/bin/x Cx,", "/bin/x Cx,"},
           {"audit deny /a x,", "audit deny /a x,"},
           {"\"/a b\\042\" r,", "\"/a b\\042\" r,"},
           {"allow /a r,", "/a r,"},
           {"capability,", "capability,"},
           {"deny capability net_raw,", "deny capability net_raw,"},
           {"network,", "network,"},
           {"network inet stream,", "network inet stream,"},
           {"network tcp,", "network tcp,"},
           {"mount,", "mount,"},
           {"mount fstype=proc options=(ro, nosuid) proc -> /proc/,",
            "mount fstype=(proc) options=(nosuid, ro) \"proc\" -> /proc/,"},
           {"mount options in (ro,nodev) /a -> /b/**,", "mount options in (nodev, ro) /a -> /b/**,"},
           {"remount options=ro /a/,", "remount options=(ro) /a/,"},
           {"umount /a/{b,c}/,", "umount /a/{b,c}/,"},
           {"pivot_root oldroot=/old/ /new/,", "pivot_root oldroot=/old/ /new/,"},
           {"signal,", "signal,"},
           {"signal receive set=(term kill) peer=unconfined,",
            "signal (receive) set=(kill, term) peer=\"unconfined\","},
           {"signal (send,receive) set=rtmin+12 peer=p//&*,", "signal (receive, send) set=(rtmin+12) peer=\"p//&*\","},
           {"ptrace (read trace) peer={a,b},", "ptrace (read, trace) peer=\"{a,b}\","},
           {"unix,", "unix,"},
           {"unix (connect) type=stream addr=\"@*\" peer=(label=\"p\"),",
            "unix (connect) type=stream addr=\"\\100*\" peer=(label=\"p\"),"},
           {"change_profile -> p//x,", "change_profile -> \"p//x\","},
           {"userns,", "userns,"},
           {"mqueue,", "mqueue,"},
           {"io_uring,", "io_uring,"},
           {"include <abstractions/base>", "include <abstractions/base>"},
           {"#include if exists \"/etc/x\"", "include if exists \"/etc/x\""},
       })
    EXPECT_EQ(only_rule(each.given), each.printed) << each.given;
}

TEST(Parse, RefusesTheRestAndNamesTheLine) {
  for (const std::string rule : {"/a,",
                                 "/a z,",
                                 "/a rw",
                                 "/a x,",
                                 "/a//b r,",
                                 "/a wa,",
                                 "deny /a ix,",
                                 "relative r,",
                                 "\"/a\n\" r,",
                                 "capability nope,",
                                 "network nope,",
                                 "network inet nope,",
                                 "signal set=(nope),",
                                 "signal set=rtmin+99,",
                                 "ptrace (nope),",
                                 "mount options=nope,",
                                 "set rlimit core <= 0,",
                                 "dbus,",
                                 "/a r -> b,",
                                 "profile child { }",
                                 "@{HOME}/x r,",
                                 "audit include <a>",
                                 "include <a\\b>",
                                 "unix peer=(addr=x),",
                                 "/a cx -> \"x y\",",
                                 "hat x {}",
                                 "\"/a"}) {
    const auto profile = parse("profile p {\n  /ok r,\n" + rule + "\n}", "test");
    ASSERT_FALSE(profile) << rule;
    EXPECT_THAT(profile.error().message, testing::AnyOf(HasSubstr("test:3: "), HasSubstr("test:4: "))) << rule;
  }
  for (const std::string text :
       {"", "profile", "profile p", "profile p {", "profile p {}}", "profile /bin/x {}", "profile p flags=(nope) {}",
        "abi <abi/9.9>, profile p {}", "profile p {} profile q {}", "profile 1 {}"})
    EXPECT_FALSE(parse(text, "test")) << text;
}

TEST(Render, SaysNothingThatAnOldParserDoesNotKnow) {
  const Profile profile = profile_of("userns,\nmqueue,\nfile,");
  EXPECT_THAT(*render(profile, Abi::v4_0), testing::AllOf(HasSubstr("abi/4.0"), HasSubstr("mqueue,")));
  EXPECT_THAT(*render(profile, Abi::v3_0),
              testing::AllOf(HasSubstr("abi/3.0"), Not(HasSubstr("mqueue")), HasSubstr("file,")));
}

TEST(Render, KeepsMountsDeniedWithAnOldParser) {
  const Profile profile = profile_of("audit deny umount,\naudit deny /a r,");
  EXPECT_THAT(*render(profile, Abi::v4_0), HasSubstr("audit deny umount,"));
  EXPECT_THAT(*render(profile, Abi::v3_0),
              testing::AllOf(HasSubstr("\n  deny umount,"), HasSubstr("audit deny /a r,")));
}

TEST(Render, RefusesWhatNoTextCanSay) {
  const Pattern path = *exact_path("/a");
  const auto refused = [](FileRule file, bool deny) {
    Profile profile{.name = "p"};
    profile.add({.deny = deny, .body = std::move(file)});
    return !render(profile, Abi::v4_0);
  };
  EXPECT_TRUE(refused({.path = path}, false));
  EXPECT_TRUE(refused({.path = path, .permissions = {Permission::write, Permission::append}}, false));
  EXPECT_TRUE(refused({.path = path, .permissions = {Permission::execute}}, false));
  EXPECT_TRUE(refused({.path = path, .transition = Transition::inherit}, true));
  EXPECT_TRUE(refused({.path = path, .transition = Transition::profile, .target = "a b"}, false));
  EXPECT_TRUE(refused({.path = *Pattern::glob("a"), .permissions = {Permission::read}}, false));
  EXPECT_FALSE(refused({.path = path, .permissions = {Permission::execute}}, true));
  EXPECT_FALSE(render(Profile{.name = "a {"}, Abi::v4_0));
}

TEST(RenderAndParse, AreEachOthersInverse) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same profiles in every run
  for (int i = 0; i < 400; ++i) {
    const Profile profile = random_profile(random);
    const auto text = render(profile, Abi::v4_0);
    ASSERT_TRUE(text) << text.error().message;
    const auto again = parse(*text, "test");
    ASSERT_TRUE(again) << again.error().message << "\n" << *text;
    EXPECT_EQ(*again, profile) << *text;
  }
}

TEST(Merge, LetsThroughWhatEitherDoesAndDeniesWhatEitherDoes) {
  std::mt19937 random(9);  // NOLINT(cert-msc51-cpp): the same profiles in every run
  int merged_count = 0;
  for (int i = 0; i < 200; ++i) {
    const Profile a = random_profile(random), b = random_profile(random);
    const auto merged = merge(a, b);
    if (!merged) continue;  // two transitions for one path
    ++merged_count;
    for (int k = 0; k < 20; ++k) {
      const std::string path = random_path(random);
      const auto in = [&](const Profile& profile) { return file_access(profile, path, Owner::yes).permissions; };
      const auto denied_by = [&](Profile profile) {
        std::erase_if(profile.rules, [](const Rule& rule) { return !rule.deny; });
        profile.add({.body = FileRule{}});
        return FileRule{}.effective() - in(profile);
      };
      const Permissions denied = denied_by(a) | denied_by(b);
      EXPECT_EQ(in(*merged), (in(a) | in(b)) - denied) << escape(path);
    }
  }
  EXPECT_GT(merged_count, 100);
}

TEST(Merge, JoinsRulesForOnePathAndKnowsWhatExcludesEachOther) {
  const auto merged = merge(profile_of("/a r,\n/b a,\ndeny /c r,"), profile_of("/a kix,\n/b w,\n/c rw,"));
  ASSERT_TRUE(merged);
  EXPECT_EQ(*merged, profile_of("/a rkix,\n/b w,\ndeny /c r,\n/c rw,"));
  const auto conflict = merge(profile_of("/a ix,"), profile_of("/a px,"));
  ASSERT_FALSE(conflict);
  EXPECT_THAT(conflict.error().message, HasSubstr("exclude each other"));
}

TEST(Stacked, IsTheKernelsNameForBoth) {
  EXPECT_EQ(stacked("runward-default", "mine"), "runward-default//&mine");
  EXPECT_EQ(stacked("a", "a"), "a");
}

Profile shipped(const std::string& name) {
  std::ifstream file(RUNWARD_SOURCE_DIR "/profiles/" + name + "/apparmor");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto profile = parse(text, name);
  EXPECT_TRUE(profile) << profile.error().message;
  return profile ? *std::move(profile) : Profile{.name = "p"};
}

bool may(const Profile& profile, Permission permission, std::string_view path) {
  return file_access(profile, path, Owner::yes).permissions.has(permission);
}

TEST(ShippedProfiles, CloseWhatContainersEscapeBy) {
  for (const std::string name : {"default", "strict"}) {
    const Profile profile = shipped(name);
    EXPECT_EQ(profile.name, "runward-" + name);
    for (const char* path :
         {"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger", "/proc/1/uid_map",
          "/proc/7/task/7/attr/current", "/proc/sysvipc/shm", "/proc/scsi/scsi", "/sys/fs/cgroup/release_agent",
          "/sys/kernel/uevent_helper", "/sys/fs/cgroup/memory/x/release_agent", "/sys/firmware/efi/efivars/x",
          "/dev/mem", "/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock",
          "/run/docker/containerd/containerd.sock", "/var/run/crio/crio.sock", "/run/podman/podman.sock"})
      EXPECT_FALSE(may(profile, Permission::write, path)) << name << " " << path;
    for (const char* path :
         {"/proc/kcore", "/proc/kallsyms", "/sys/kernel/debug/x/y", "/sys/kernel/security/apparmor/.load",
          "/sys/devices/virtual/powercap/intel-rapl/energy_uj", "/dev/kmem"})
      EXPECT_FALSE(may(profile, Permission::read, path)) << name << " " << path;
    for (const MountKind kind : {MountKind::mount, MountKind::remount, MountKind::umount, MountKind::pivot_root})
      EXPECT_TRUE(profile.rules.contains({.deny = true, .audit = true, .body = MountRule{.kind = kind}})) << name;
    EXPECT_TRUE(profile.rules.contains({.deny = true, .body = NetworkRule{.family = "packet"}})) << name;
    EXPECT_FALSE(profile.rules.contains({.body = NewClassRule{NewClass::userns}})) << name;
  }
}

TEST(ShippedProfiles, LeaveWhatServersNeed) {
  for (const std::string name : {"default", "strict"}) {
    const Profile profile = shipped(name);
    for (const char* path :
         {"/etc/nginx/nginx.conf", "/proc/1/oom_score_adj", "/proc/1/comm", "/dev/null", "/dev/shm/x", "/tmp/x",
          "/run/nginx.pid", "/var/lib/mysql/x", "/run/mysqld/mysqld.sock", "/dev/pts/0"})
      EXPECT_TRUE(may(profile, Permission::write, path)) << name << " " << path;
    for (const char* path :
         {"/proc/sys/net/core/somaxconn", "/proc/meminfo", "/proc/cpuinfo", "/proc/1/stat", "/proc/7/mountinfo",
          "/sys/fs/cgroup/memory.max", "/sys/devices/system/cpu/online", "/sys/kernel/mm/transparent_hugepage/enabled",
          "/proc/loadavg", "/proc/uptime", "/proc/stat"})
      EXPECT_TRUE(may(profile, Permission::read, path)) << name << " " << path;
    EXPECT_EQ(file_access(profile, "/usr/bin/nginx", Owner::no).transition, Transition::inherit) << name;
  }
}

}  // namespace
}  // namespace runward::apparmor

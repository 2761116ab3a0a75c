// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

Value bind(const char* source, const Value& options = {"rbind", "rprivate"}) {
  return {{"destination", "/data"}, {"type", "bind"}, {"source", source}, {"options", options}};
}
Value tmpfs(const char* destination, const Value& options) {
  return {{"destination", destination}, {"type", "tmpfs"}, {"source", "tmpfs"}, {"options", options}};
}
Value document_with(const Value& mount) { return {{"mounts", Value::array({mount})}}; }

Bench bench_with_source(const std::string& path, host::MountSource source = {}) {
  Bench bench;
  source.resolved = path;
  bench.host.mount_sources[path] = std::move(source);
  return bench;
}
std::vector<std::string> options_after(const Bench& bench, const Value& mount) {
  return strings(bench.after(limit_mounts, document_with(mount))["mounts"][0]["options"]);
}

TEST(LimitMounts, ForcesNosuidNodevAndPrivatePropagationOnBinds) {
  EXPECT_THAT(options_after(bench_with_source("/srv"), bind("/srv", {"rbind", "suid", "dev", "rw"})),
              ElementsAre("rbind", "rw", "rprivate", "nosuid", "nodev"));
}

// Elsewhere no masked path covers what is in it (/foo/sys/kernel/core_pattern).
TEST(LimitMounts, RefusesAKernelFilesystemAtAnotherPlace) {
  const Bench bench;
  for (const char* type : {"proc", "sysfs", "cgroup2", "mqueue"})
    EXPECT_THAT(
        bench.refusals(limit_mounts, document_with({{"destination", "/foo"}, {"type", type}, {"source", type}})),
        SizeIs(1))
        << type;
}

TEST(LimitMounts, RefusesAVolumeOfAFilesystemThatDoesNotTellWhatIsBehindIt) {
  Bench bench = bench_with_source("/volume");
  bench.host.mount_sources["/volume"].is_volume = true;
  bench.host.mount_sources["/volume"].filesystem = "overlay";
  EXPECT_THAT(bench.refusals(limit_mounts, document_with(bind("/volume"))), ElementsAre(HasSubstr("overlay")));
}

TEST(LimitMounts, TakesWhatAnAdministratorNamedWhateverItsFilesystem) {
  Bench bench = bench_with_source("/etc/hosts");
  auto& source = bench.host.mount_sources["/etc/hosts"];
  source.resolved = "/etc/hosts";
  source.filesystem = "overlay";
  source.allowed_by = {"/etc"};
  EXPECT_THAT(bench.refusals(limit_mounts, document_with(bind("/etc/hosts"))), SizeIs(1));
  source.allowed_by = {"/etc/hosts"};
  EXPECT_THAT(bench.refusals(limit_mounts, document_with(bind("/etc/hosts"))), IsEmpty());
}

// dockerd shares a plugin's folders with the host; users share nothing.
TEST(LimitMounts, StripsSharedPropagationOfTheEnginesOwnAndRefusesItOfOthers) {
  Bench bench = bench_with_source("/srv");
  EXPECT_THAT(bench.refusals(limit_mounts, document_with(bind("/srv", {"rbind", "rshared"}))), SizeIs(1));
  bench.host.mount_sources["/srv"].is_engine_file = true;
  EXPECT_THAT(bench.refusals(limit_mounts, document_with(bind("/srv", {"rbind", "rshared"}))), IsEmpty());
  EXPECT_THAT(options_after(bench, bind("/srv", {"rbind", "rshared"})), Not(Contains("rshared")));
}

TEST(LimitMounts, ForcesNoexecOnBindsWhereTheProfileSaysSo) {
  Bench bench = bench_with_source("/srv");
  bench.policy.mounts.noexec = true;
  EXPECT_THAT(options_after(bench, bind("/srv", {"rbind", "exec"})),
              ElementsAre("rbind", "rprivate", "nosuid", "nodev", "noexec"));
}

// runc ≥ 1.1 applies rsuid, rdev and rexec recursively by mount_setattr(2) after the mount, whatever nosuid said.
TEST(LimitMounts, DropsTheRecursiveOptionsThatUndoWhatItForces) {
  Bench bench = bench_with_source("/srv");
  bench.policy.mounts.noexec = true;
  const auto options = options_after(bench, bind("/srv", {"rbind", "rsuid", "rdev", "rexec"}));
  for (const char* option : {"rsuid", "rdev", "rexec"}) EXPECT_THAT(options, Not(Contains(option)));
}

TEST(LimitMounts, DropsTheRecursiveOptionThatMakesACgroupMountWritable) {
  Bench bench;
  bench.policy.mounts.types = {"cgroup2"};
  const Value mount = {
      {"destination", "/sys/fs/cgroup"}, {"type", "cgroup2"}, {"source", "cgroup"}, {"options", {"rrw", "rw"}}};
  const auto options = options_after(bench, mount);
  EXPECT_THAT(options, Contains("ro"));
  EXPECT_THAT(options, Not(Contains("rrw")));
}

TEST(LimitMounts, RefusesASourceThatGivesAccessToADeniedOne) {
  const Bench bench = bench_with_source(
      "/home/u/run",
      {.resolved = {}, .inside = {"/run/docker.sock"}, .contains = {}, .filesystem = {}, .allowed_by = {}});
  EXPECT_THAT(bench.refusals(limit_mounts, document_with(bind("/home/u/run"))),
              ElementsAre(HasSubstr("/run/docker.sock")));
}

TEST(LimitMounts, RefusesASourceThatHasADeniedOneInIt) {
  host::MountSource around;
  around.contains = {"/run/docker.sock"};
  EXPECT_THAT(bench_with_source("/", around).refusals(limit_mounts, document_with(bind("/"))),
              ElementsAre(HasSubstr("/run/docker.sock")));
}

// A folder below an allowed one may have anything mounted inside; only the administrator's own word covers that.
TEST(LimitMounts, RefusesWhatIsInAPartOfAnAllowedSourceButNotInItself) {
  host::MountSource part;
  part.contains = {"/run/docker.sock"};
  part.allowed_by = {"/srv"};
  EXPECT_THAT(bench_with_source("/srv/part", part).refusals(limit_mounts, document_with(bind("/srv/part"))), SizeIs(1));
  EXPECT_THAT(bench_with_source("/srv", part).refusals(limit_mounts, document_with(bind("/srv"))), IsEmpty());
}

TEST(LimitMounts, RefusesARootFilesystemThatHasTheHostsSystemInIt) {
  Bench bench;
  bench.host.rootfs_contains = {"/etc"};
  EXPECT_THAT(bench.refusals(limit_mounts, {{"root", {{"path", "/"}}}}), ElementsAre(HasSubstr("'/etc'")));
}

TEST(LimitMounts, RefusesASourceThatNobodyLookedAt) {
  Bench bench;
  EXPECT_THAT(bench.refusals(limit_mounts, document_with(bind("/unknown"))), SizeIs(1));
  bench.host.mount_sources["/unknown"] = {};
  EXPECT_THAT(bench.refusals(limit_mounts, document_with(bind("/unknown"))), SizeIs(1));
}

TEST(LimitMounts, KnowsABindByItsOptionsToo) {
  const Bench bench;
  const Value mount = {{"destination", "/x"}, {"type", "none"}, {"source", "/run"}, {"options", {"rbind"}}};
  EXPECT_THAT(bench.refusals(limit_mounts, document_with(mount)), ElementsAre(HasSubstr("can't be looked at")));
}

TEST(LimitMounts, AcceptsTheEnginesFilesAndAllowedSources) {
  host::MountSource engine_file;
  engine_file.is_engine_file = true;
  engine_file.inside = {"/var/lib/docker"};
  host::MountSource allowed;
  allowed.inside = {"/etc"};
  allowed.allowed_by = {"/etc/localtime"};
  EXPECT_THAT(bench_with_source("/x", engine_file).refusals(limit_mounts, document_with(bind("/x"))), IsEmpty());
  EXPECT_THAT(bench_with_source("/x", allowed).refusals(limit_mounts, document_with(bind("/x"))), IsEmpty());
}

// policy.h: "exempt from denied_sources, but then read-only".
TEST(LimitMounts, MakesAnAllowedSourceBelowADeniedOneReadOnly) {
  host::MountSource allowed;
  allowed.inside = {"/etc"};
  allowed.allowed_by = {"/etc/localtime"};
  const auto options =
      options_after(bench_with_source("/etc/localtime", allowed), bind("/etc/localtime", {"rbind", "rw"}));
  EXPECT_THAT(options, Contains("ro"));
  EXPECT_THAT(options, Not(Contains("rw")));
}

TEST(LimitMounts, AcceptsOnlyVolumesAndListedSourcesWhereTheProfileSaysSo) {
  host::MountSource volume;
  volume.is_volume = true;
  Bench with_volume = bench_with_source("/v", volume);
  Bench with_folder = bench_with_source("/srv");
  with_volume.policy.mounts.only_allowed = with_folder.policy.mounts.only_allowed = true;
  EXPECT_THAT(with_volume.refusals(limit_mounts, document_with(bind("/v"))), IsEmpty());
  EXPECT_THAT(with_folder.refusals(limit_mounts, document_with(bind("/srv"))), SizeIs(1));
}

TEST(LimitMounts, RefusesSharedPropagationAndTakesSlaveBack) {
  const Bench bench = bench_with_source("/srv");
  for (const char* option : {"shared", "rshared"})
    EXPECT_THAT(bench.refusals(limit_mounts, document_with(bind("/srv", {"rbind", option}))), SizeIs(1)) << option;
  EXPECT_THAT(options_after(bench, bind("/srv", {"rbind", "rslave"})),
              ElementsAre("rbind", "rprivate", "nosuid", "nodev"));
}

TEST(LimitMounts, TakesSharedBackWhenItStrips) {
  Bench bench = bench_with_source("/srv");
  bench.strips(RuleId::mounts);
  EXPECT_THAT(options_after(bench, bind("/srv", {"rbind", "rshared"})), Contains("rprivate"));
}

TEST(LimitMounts, RefusesAnExecutableTmpfs) {
  const Bench bench;
  EXPECT_THAT(bench.refusals(limit_mounts, document_with(tmpfs("/scratch", {"exec", "size=1"}))), SizeIs(1));
}

TEST(LimitMounts, LetsATmpfsBeExecutableWhereTheProfileSaysSo) {
  Bench bench;
  bench.policy.mounts.tmpfs_exec = true;
  EXPECT_THAT(options_after(bench, tmpfs("/scratch", {"exec", "suid"})), ElementsAre("exec", "nosuid", "nodev"));
  bench.policy.mounts.tmpfs_exec = false;
  bench.policy.rootfs.scratch = {{.path = "/scratch", .size = 1, .exec = true, .if_exists = false}};
  EXPECT_THAT(bench.refusals(limit_mounts, document_with(tmpfs("/scratch", {"exec", "suid"}))), IsEmpty());
}

TEST(LimitMounts, ForcesNosuidNodevNoexecOnTmpfs) {
  const Bench bench;
  EXPECT_THAT(options_after(bench, tmpfs("/scratch", Value::array({"size=1"}))),
              ElementsAre("size=1", "nosuid", "nodev", "noexec"));
}

TEST(LimitMounts, LetsDevHoldDevicesButNoPrograms) {
  const Bench bench;
  EXPECT_THAT(options_after(bench, tmpfs("/dev", {"nosuid", "mode=755"})), ElementsAre("nosuid", "mode=755", "noexec"));
}

TEST(LimitMounts, RefusesFilesystemTypesThatAreNotListed) {
  Bench bench;
  bench.policy.mounts.types = {"proc"};
  for (const char* type : {"ext4", "overlay", "nfs", "", "none"})
    EXPECT_THAT(
        bench.refusals(limit_mounts, {{"mounts", {{{"destination", "/x"}, {"type", type}, {"source", "/dev/sda"}}}}}),
        SizeIs(1))
        << type;
  EXPECT_THAT(bench.refusals(limit_mounts, {{"mounts", {{{"destination", "/proc"}, {"type", "proc"}}}}}), IsEmpty());
}

TEST(LimitMounts, MakesSysfsAndCgroupReadOnly) {
  Bench bench;
  bench.policy.mounts.types = {"sysfs", "cgroup", "cgroup2"};
  for (const char* type : {"sysfs", "cgroup", "cgroup2"}) {
    const Value mount = {{"destination", "/sys"}, {"type", type}, {"source", type}, {"options", {"nosuid", "rw"}}};
    EXPECT_THAT(options_after(bench, mount), ElementsAre("nosuid", "ro")) << type;
  }
}

TEST(LimitMounts, MakesTheRootsPropagationPrivate) {
  const Bench bench;
  for (const char* propagation : {"shared", "rshared", "slave", "rslave"})
    EXPECT_EQ(
        bench.after(limit_mounts, {{"linux", {{"rootfsPropagation", propagation}}}})["linux"]["rootfsPropagation"],
        "rprivate");
  EXPECT_THAT(bench.verdict(limit_mounts, {{"linux", {{"rootfsPropagation", "private"}}}}).changes, IsEmpty());
}

}  // namespace
}  // namespace runward::harden::steps

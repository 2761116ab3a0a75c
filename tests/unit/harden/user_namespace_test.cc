// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

using policy::Unmappable;
using policy::UserNamespaceUse;

constexpr auto kRootfs = "/run/runward/rootfs/moby-0/a/rootfs";

Value document() {
  return {{"root", {{"path", "/var/lib/docker/overlay2/x/merged"}}},
          {"mounts",
           {{{"destination", "/sys"}, {"type", "sysfs"}, {"source", "sysfs"}, {"options", {"ro"}}},
            {{"destination", "/data"}, {"type", "bind"}, {"source", "/srv/data"}, {"options", {"rbind", "exec"}}}}},
          {"linux", {{"namespaces", {{{"type", "pid"}}, {{"type", "ipc"}}, {{"type", "network"}}}}}}};
}

host::StagedMount staged_data() {
  return {.source = "/srv/data",
          .destination = "/data",
          .staged = "/run/runward/rootfs/moby-0/a/m/0",
          .identity = {.device = 1, .inode = 2},
          .is_idmapped = true,
          .is_copied = false,
          .problem = {},
          .locked = {}};
}

class GiveUserNamespace : public testing::Test {
 protected:
  GiveUserNamespace() {
    host::UserNamespace& users = bench_.host.staging.user_namespace.emplace();
    users.first = 1'000'000;
    users.size = 65536;
    users.rootfs = kRootfs;
    bench_.host.staging.mounts = {staged_data()};
  }
  host::UserNamespace& users() { return *bench_.host.staging.user_namespace; }
  host::StagedMount& mount() { return bench_.host.staging.mounts.front(); }
  [[nodiscard]] Value after(const Value& given = document()) const { return bench_.after(give_user_namespace, given); }
  [[nodiscard]] std::vector<std::string> refusals(const Value& given = document()) const {
    return bench_.refusals(give_user_namespace, given);
  }

  Bench bench_;
};

TEST_F(GiveUserNamespace, MapsTheContainersIdsToItsRange) {
  const Value hardened = after();
  const Value mappings = Value::array({{{"containerID", 0}, {"hostID", 1'000'000}, {"size", 65536}}});
  EXPECT_EQ(hardened["linux"]["uidMappings"], mappings);
  EXPECT_EQ(hardened["linux"]["gidMappings"], mappings);
  EXPECT_EQ(hardened["linux"]["namespaces"].back(), Value({{"type", "user"}}));
  EXPECT_EQ(hardened["root"]["path"], kRootfs);
}

TEST_F(GiveUserNamespace, MountsTheCopies) {
  EXPECT_EQ(after()["mounts"][1]["source"], "/run/runward/rootfs/moby-0/a/m/0");
  EXPECT_EQ(after()["mounts"][0], document()["mounts"][0]);
}

TEST_F(GiveUserNamespace, AsksForNothingThatTheContainerCantClear) {
  mount().locked = {"noexec", "ro"};
  EXPECT_EQ(after()["mounts"][1]["options"], Value({"rbind", "noexec", "ro"}));
}

TEST_F(GiveUserNamespace, JoinsThatOfTheContainerThatIsJoined) {
  users().join = "/proc/12/ns/user";
  EXPECT_EQ(after()["linux"]["namespaces"].back(), Value({{"type", "user"}, {"path", "/proc/12/ns/user"}}));
}

TEST_F(GiveUserNamespace, LetsPingReachTheLastGroupThatThereIs) {
  constexpr auto kName = "net.ipv4.ping_group_range";
  Value given = document();
  given["linux"]["sysctl"][kName] = "0 2147483647";
  EXPECT_EQ(after(given)["linux"]["sysctl"][kName], "0 65535");
  given["linux"]["sysctl"][kName] = "70000\t80000";
  EXPECT_EQ(after(given)["linux"]["sysctl"][kName], "65535 65535");
  given["linux"]["sysctl"][kName] = "1 0";
  EXPECT_EQ(after(given)["linux"]["sysctl"][kName], "1 0");
}

TEST_F(GiveUserNamespace, IsIdempotent) { EXPECT_EQ(after(after()), after()); }

TEST_F(GiveUserNamespace, IsNotGivenWhereThePolicyHasItOff) {
  bench_.policy.user_namespaces.use = UserNamespaceUse::off;
  EXPECT_EQ(after(), document());
}

TEST_F(GiveUserNamespace, IsOnlyNoticedWhereTheHostCantUnlessItIsRequired) {
  users().obstacle = "the kernel has none";
  EXPECT_EQ(after(), document());
  EXPECT_THAT(refusals(), IsEmpty());
  EXPECT_THAT(bench_.verdict(give_user_namespace, document()).findings, SizeIs(1));
  bench_.policy.user_namespaces.use = UserNamespaceUse::require;
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("without a user namespace")));
  bench_.host.staging.user_namespace.reset();
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("without a user namespace")));
}

// Else a container could choose to be without one, by what it asks for.
TEST_F(GiveUserNamespace, IsRefusedWhereTheContainerStandsInTheWayThoughItIsAutomatic) {
  users().refusal = "it joins what is the host's";
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("can't have a user namespace")));
  EXPECT_EQ(after(), document());
}

TEST_F(GiveUserNamespace, IsRefusedTogetherWithTheHostsProcessesOrIpc) {
  for (const std::size_t index : {0U, 1U}) {
    Value given = document();
    given["linux"]["namespaces"].erase(index);
    EXPECT_THAT(refusals(given), ElementsAre(HasSubstr("the host's")));
  }
}

TEST_F(GiveUserNamespace, BindsTheHostsSysfsWhereTheNetworkIsNotItsOwn) {
  users().owns_network = false;
  host::StagedMount sys = staged_data();
  sys.source = "sysfs";
  sys.destination = "/sys";
  sys.staged = "/run/runward/rootfs/moby-0/a/m/1";
  sys.is_idmapped = false;
  bench_.host.staging.mounts.push_back(sys);
  EXPECT_THAT(refusals(), IsEmpty());
  EXPECT_EQ(after()["mounts"][0], Value({{"destination", "/sys"},
                                         {"type", "bind"},
                                         {"source", "/run/runward/rootfs/moby-0/a/m/1"},
                                         {"options", {"bind", "ro"}}}));
}

TEST_F(GiveUserNamespace, RefusesAMountWhoseFilesWouldBelongToNobody) {
  mount().is_idmapped = false;
  mount().problem = "the kernel calls it invalid";
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("'/srv/data' on '/data'")));
  bench_.policy.user_namespaces.unmappable = Unmappable::unmapped;
  EXPECT_THAT(refusals(), IsEmpty());
  bench_.policy.user_namespaces.unmappable = Unmappable::copy;
  EXPECT_THAT(refusals(), SizeIs(1));
  mount().is_copied = true;
  EXPECT_THAT(refusals(), IsEmpty());
}

TEST_F(GiveUserNamespace, RefusesASourceThatWasNotThereWhateverBecomesOfTheOthers) {
  mount().is_idmapped = false;
  mount().is_missing = true;
  bench_.policy.user_namespaces.unmappable = Unmappable::unmapped;
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("whose source is not there")));
}

TEST_F(GiveUserNamespace, TakesTheEnginesOwnFilesAsTheyAre) {
  mount().is_idmapped = false;
  bench_.host.mount_sources["/srv/data"].is_engine_file = true;
  EXPECT_THAT(refusals(), IsEmpty());
}

TEST_F(GiveUserNamespace, KeepsTheEnginesOwnUnlessItsRootIsTheHosts) {
  bench_.host.staging.user_namespace.reset();
  Value given = document();
  given["linux"]["namespaces"].push_back({{"type", "user"}});
  given["linux"]["uidMappings"] = Value::array({{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}});
  EXPECT_THAT(refusals(given), IsEmpty());
  EXPECT_EQ(after(given), given);
  given["linux"]["uidMappings"][0]["hostID"] = 0;
  EXPECT_THAT(refusals(given), ElementsAre(HasSubstr("the host's root")));
  bench_.host.in_user_namespace = true;  // a rootless engine: its 0 is an ordinary user
  EXPECT_THAT(refusals(given), IsEmpty());
}

TEST(PinMounts, MountsWhatWasChecked) {
  Bench bench;
  bench.host.staging.mounts = {staged_data()};
  bench.host.staging.mounts[0].is_idmapped = false;
  bench.host.mount_sources["/srv/data"] = {};
  bench.host.mount_sources["/srv/data"].identity = {.device = 1, .inode = 2};
  bench.host.mount_sources["/srv/data"].resolved = "/srv/data";
  EXPECT_EQ(bench.after(pin_mounts, document())["mounts"][1]["source"], "/run/runward/rootfs/moby-0/a/m/0");
}

TEST(PinMounts, RefusesASourceThatWasExchanged) {
  Bench bench;
  bench.host.staging.mounts = {staged_data()};
  bench.host.mount_sources["/srv/data"] = {};
  bench.host.mount_sources["/srv/data"].identity = {.device = 1, .inode = 3};
  bench.host.mount_sources["/srv/data"].resolved = "/srv/data";
  EXPECT_THAT(bench.refusals(pin_mounts, document()), ElementsAre(HasSubstr("exchanged")));
}

Value document_that_joins() {
  return {{"linux", {{"namespaces", {{{"type", "network"}, {"path", "/proc/7/ns/net"}}, {{"type", "pid"}}}}}}};
}

Bench bench_that_holds_inode(std::uint64_t inode) {
  Bench bench;
  bench.host.staging.namespaces = {
      {.path = "/proc/7/ns/net", .staged = "/run/runward/rootfs/moby-0/a/n/network", .identity = {4, inode}}};
  bench.host.namespace_paths["/proc/7/ns/net"] = {.is_host = false, .is_process = true, .identity = {4, 2}};
  return bench;
}

TEST(PinNamespaces, JoinsTheOneThatIsHeldOpen) {
  const Value after = bench_that_holds_inode(2).after(pin_namespaces, document_that_joins());
  EXPECT_EQ(after["linux"]["namespaces"][0]["path"], "/run/runward/rootfs/moby-0/a/n/network");
  EXPECT_FALSE(after["linux"]["namespaces"][1].contains("path"));
}

TEST(PinNamespaces, RefusesOneThatIsNotTheOneThatWasJudged) {
  EXPECT_THAT(bench_that_holds_inode(3).refusals(pin_namespaces, document_that_joins()),
              ElementsAre(HasSubstr("has ended meanwhile")));
}

}  // namespace
}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0

// What doctor reads of other programs' files: text to values.

#include <gmock/gmock.h>

#include "shim/ctl/doctor/registrations.h"
#include "shim/ctl/doctor/toml.h"
#include "shim/ctl/doctor/uid_pool.h"

namespace runward::ctl::doctor {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Toml, HasStringsListsAndQuotedTables) {
  const auto entries = parse_toml(R"(# a comment
version = 2
top = "x" # another
[plugins."io.containerd.grpc.v1.cri".containerd]
  default_runtime_name = 'runward'
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runward.options]
    BinaryName = "/usr/bin/run\"ward"
    SystemdCgroup = true
[engine]
list = [
  "a", # why
  'b',
]
dotted.key = "c"
)");
  ASSERT_THAT(entries, SizeIs(5));
  EXPECT_THAT(entries[0].table, IsEmpty());
  EXPECT_THAT(entries[0].values, ElementsAre("x"));
  EXPECT_THAT(entries[1].table, ElementsAre("plugins", "io.containerd.grpc.v1.cri", "containerd"));
  EXPECT_THAT(entries[1].values, ElementsAre("runward"));
  EXPECT_EQ(entries[2].table.back(), "options");
  EXPECT_THAT(entries[2].values, ElementsAre("/usr/bin/run\"ward"));
  EXPECT_THAT(entries[3].values, ElementsAre("a", "b"));
  EXPECT_THAT(entries[4].table, ElementsAre("engine", "dotted"));
  EXPECT_EQ(entries[4].key, "key");
}

TEST(Toml, ThatIsNoneEndsAndCrashesNothing) {
  for (const std::string_view text :
       {"", "[", "[[", "[a", "=", "= \"", "a =", "a = [", "a = [\"", "\"", "'", "a.", "#", "]]]]", "a = \"\\"})
    EXPECT_LE(parse_toml(text).size(), 1U) << text;
}

TEST(Registrations, OfDockerInfo) {
  const auto found = read_docker_info(
      R"({"ServerVersion":"28.5.2","DefaultRuntime":"runc","DockerRootDir":"/data",
          "Runtimes":{"runc":{"path":"runc"},"runward":{"path":"/usr/bin/runward"}}})");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(found->runtimes, ElementsAre(RuntimeEntry{"runc", "runc"}, RuntimeEntry{"runward", "/usr/bin/runward"}));
  EXPECT_EQ(found->default_runtime, "runc");
  EXPECT_EQ(found->data_root, "/data");
}

TEST(Registrations, OfADockerThatDoesNotAnswerAreNone) {
  EXPECT_FALSE(read_docker_info(""));
  EXPECT_FALSE(read_docker_info(R"({"ServerVersion":"","ServerErrors":["Cannot connect"]})"));
  EXPECT_FALSE(read_docker_info("[1]"));
}

TEST(Registrations, OfDaemonJson) {
  const auto found = read_daemon_json(R"({"runtimes":{"runward":{"path":"/r"},"odd":7},"data-root":"/d"})");
  ASSERT_TRUE(found);
  EXPECT_THAT(found->runtimes, ElementsAre(RuntimeEntry{"runward", "/r"}));
  EXPECT_EQ(found->default_runtime, "runc");
}

TEST(Registrations, OfContainerdInBothVersionsOfItsConfiguration) {
  for (const std::string plugin : {"io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"}) {
    const std::string table = "[plugins.\"" + plugin + "\".containerd";
    const auto found = read_containerd(parse_toml(table + "]\ndefault_runtime_name = \"runward\"\n" + table +
                                                  ".runtimes.runward]\nruntime_type = \"io.containerd.runc.v2\"\n" +
                                                  table + ".runtimes.runward.options]\nBinaryName = \"/r\"\n" + table +
                                                  ".runtimes.runc]\nruntime_type = \"io.containerd.runc.v2\"\n"));
    EXPECT_EQ(found.default_runtime, "runward");
    EXPECT_THAT(found.runtimes, ElementsAre(RuntimeEntry{"runward", "/r"}, RuntimeEntry{"runc", "runc"}));
  }
}

TEST(Registrations, OfCriO) {
  const auto found = read_cri_o(parse_toml(
      "[crio.runtime]\ndefault_runtime = \"crun\"\n[crio.runtime.runtimes.crun]\nruntime_path = \"/usr/bin/crun\"\n"
      "[crio.runtime.runtimes.runward]\nruntime_path = \"/r\"\n[crio.runtime]\ndefault_runtime = \"runward\"\n"));
  EXPECT_EQ(found.default_runtime, "runward");
  EXPECT_THAT(found.runtimes, ElementsAre(RuntimeEntry{"crun", "/usr/bin/crun"}, RuntimeEntry{"runward", "/r"}));
}

TEST(Registrations, OfPodman) {
  const auto found =
      read_podman(parse_toml("[engine]\nruntime = \"runward\"\nruntime_supports_json = [\"crun\", \"runward\"]\n"
                             "[engine.runtimes]\nrunward = [\n \"/r\",\n \"/other\"\n]\n"));
  EXPECT_EQ(found.default_runtime, "runward");
  EXPECT_THAT(found.runtimes, ElementsAre(RuntimeEntry{"runward", "/r"}));
  EXPECT_THAT(*found.supports_json, testing::UnorderedElementsAre("crun", "runward"));
}

TEST(UidPool, ClashesWithWhatReachesIntoIt) {
  const policy::IdPool pool{.first = 1'000'000, .ranges = 2};  // 1000000 to 1131071
  const std::vector<IdRange> in_use = {{"before", 900'000, 100'000}, {"into the beginning", 999'999, 2},
                                       {"one inside", 1'131'071, 1}, {"behind", 1'131'072, 65'536},
                                       {"all around", 0, 4'000'000}, {"nothing", 1'000'005, 0}};
  EXPECT_THAT(clashes(pool, in_use),
              ElementsAre(Field(&IdRange::owner, "into the beginning"), Field(&IdRange::owner, "one inside"),
                          Field(&IdRange::owner, "all around")));
}

TEST(UidPool, EndsBelowWhatSystemdAndSignedNumbersTake) {
  const policy::IdPool pool;
  EXPECT_GT(pool.first, 1879048191U);  // the last of systemd's container ranges
  EXPECT_LE(pool.end(), 2147352576U);  // the first of its foreign ids
}

TEST(UidPool, ReadsSubidsAndAccounts) {
  const auto subids =
      parse_subids("alice:100000:65536\n# bob:1:1\nodd\ncarol:x:1\ndave:5:99999999999\n", "/etc/subuid");
  ASSERT_THAT(subids, SizeIs(1));
  EXPECT_EQ(subids[0].owner, "/etc/subuid: alice");
  EXPECT_EQ(subids[0].first, 100000U);
  EXPECT_EQ(subids[0].count, 65536U);
  const auto accounts = parse_accounts("root:x:0:0:root:/root:/bin/sh\nodd:x\nnine:x:9\n", "/etc/passwd");
  ASSERT_THAT(accounts, SizeIs(2));
  EXPECT_EQ(accounts[1].first, 9U);
}

}  // namespace
}  // namespace runward::ctl::doctor

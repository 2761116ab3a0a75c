// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

Value mount(const char* destination, const char* type = "bind") {
  return {{"destination", destination}, {"type", type}};
}
std::vector<std::string> destinations(const Value& document) {
  std::vector<std::string> all;
  for (const Value& entry : document["mounts"]) all.push_back(entry["destination"]);
  return all;
}
policy::Scratch scratch(const char* path, bool exec = false) {
  return {.path = path, .size = 1024, .exec = exec, .if_exists = false};
}

TEST(MakeRootfsReadonly, MakesItReadOnly) {
  const Bench bench;
  for (const Value& root : {Value::object(), Value({{"readonly", false}})})
    EXPECT_EQ(bench.after(make_rootfs_readonly, {{"root", root}})["root"]["readonly"], true);
}

TEST(MakeRootfsReadonly, PutsScratchPathsBehindTheKernelsMountsAndBeforeTheUsers) {
  Bench bench;
  bench.policy.rootfs.scratch = {scratch("/tmp"), scratch("/run")};
  const Value document = {{"mounts",
                           {mount("/proc", "proc"), mount("/dev", "tmpfs"), mount("/dev/shm", "tmpfs"),
                            mount("/run/secrets"), mount("/data")}}};
  EXPECT_THAT(destinations(bench.after(make_rootfs_readonly, document)),
              ElementsAre("/proc", "/dev", "/dev/shm", "/tmp", "/run", "/run/secrets", "/data"));
}

TEST(MakeRootfsReadonly, MakesScratchPathsThatHoldNoPrograms) {
  Bench bench;
  bench.policy.rootfs.scratch = {scratch("/tmp"), scratch("/build", true)};
  const Value mounts = bench.after(make_rootfs_readonly, Value::object())["mounts"];
  EXPECT_EQ(mounts[0]["type"], "tmpfs");
  EXPECT_THAT(strings(mounts[0]["options"]),
              testing::UnorderedElementsAre("nosuid", "nodev", "noexec", "size=1024", "mode=1777"));
  EXPECT_THAT(strings(mounts[1]["options"]), Not(Contains("noexec")));
}

TEST(MakeRootfsReadonly, CopiesWhatTheImageHasThereWithOwnerAndMode) {
  Bench bench;
  bench.policy.rootfs.scratch = {scratch("/var/cache/x")};
  bench.host.rootfs_folders["/var/cache/x"] = {
      .uid = 33, .gid = 34, .mode = 0750, .empty = false, .has_special_files = false};
  EXPECT_THAT(strings(bench.after(make_rootfs_readonly, Value::object())["mounts"][0]["options"]),
              testing::IsSupersetOf({"uid=33", "gid=34", "mode=750", "tmpcopyup"}));
}

// runc's tmpcopyup fails on sockets and FIFOs.
TEST(MakeRootfsReadonly, TellsOfWhatItCanNotCopy) {
  Bench bench;
  bench.policy.rootfs.scratch = {scratch("/run")};
  bench.host.rootfs_folders["/run"] = {.uid = 0, .gid = 0, .mode = 0755, .empty = false, .has_special_files = true};
  const Verdict verdict = bench.verdict(make_rootfs_readonly, {{"root", {{"readonly", true}}}});
  ASSERT_THAT(verdict.findings, SizeIs(1));
  EXPECT_EQ(verdict.findings[0].severity, Severity::notice);
  EXPECT_THAT(strings((*verdict.changes.at(0).after)["options"]), Not(Contains("tmpcopyup")));
}

TEST(MakeRootfsReadonly, MakesAPathThatIsOnlyWantedIfItExistsNowhereElse) {
  Bench bench;
  bench.policy.rootfs.scratch = {{.path = "/var/lib/nginx", .size = 1, .exec = false, .if_exists = true}};
  EXPECT_FALSE(bench.after(make_rootfs_readonly, Value::object()).contains("mounts"));
  bench.host.rootfs_folders["/var/lib/nginx"] = {};
  EXPECT_THAT(bench.after(make_rootfs_readonly, Value::object())["mounts"], SizeIs(1));
}

TEST(MakeRootfsReadonly, LeavesAPathToTheMountThatIsThere) {
  Bench bench;
  bench.policy.rootfs.scratch = {scratch("/tmp")};
  for (const char* there : {"/tmp", "/tmp/"})
    EXPECT_THAT(destinations(bench.after(make_rootfs_readonly, {{"mounts", Value::array({mount(there)})}})),
                ElementsAre(there));
}

TEST(MakeRootfsReadonly, DoesNothingWhereTheProfileLetsItBeWritable) {
  Bench bench;
  bench.policy.rootfs = {.mode = policy::RootfsMode::writable, .scratch = {scratch("/tmp")}};
  EXPECT_THAT(bench.verdict(make_rootfs_readonly, Value::object()).changes, IsEmpty());
}

TEST(MakeRootfsReadonly, GivesScratchPathsTheOwnersThatTheEnginesUserNamespaceHasForThem) {
  Bench bench;
  bench.policy.rootfs.scratch = {scratch("/a"), scratch("/b"), scratch("/c")};
  bench.host.rootfs_folders["/a"] = {.uid = 100'033, .gid = 200'000};
  bench.host.rootfs_folders["/b"] = {.uid = 100'000, .gid = 200'034};
  bench.host.rootfs_folders["/c"] = {.uid = 7, .gid = 8};  // the host's own: nobody's in there
  const auto mapping = [](int host) { return Value::array({{{"containerID", 0}, {"hostID", host}, {"size", 65536}}}); };
  const Value given = {
      {"linux",
       {{"namespaces", {{{"type", "user"}}}}, {"uidMappings", mapping(100'000)}, {"gidMappings", mapping(200'000)}}}};
  const Value mounts = bench.after(make_rootfs_readonly, given)["mounts"];
  const auto has = [&](std::size_t index, const char* option) {
    const Value& options = mounts[index]["options"];
    return std::find(options.begin(), options.end(), option) != options.end();
  };
  EXPECT_TRUE(has(0, "uid=33"));
  EXPECT_TRUE(has(1, "gid=34"));
  EXPECT_EQ(mounts.dump().find("uid=0"), std::string::npos);
  EXPECT_EQ(mounts[2]["options"].dump().find("id="), std::string::npos);
}

TEST(MakeRootfsReadonly, GivesScratchPathsNoOwnerThatTheirUserNamespaceDoesNotHave) {
  Bench bench;
  bench.policy.rootfs.scratch = {scratch("/a")};
  bench.host.rootfs_folders["/a"] = {.uid = 100'000, .gid = 65'535};
  bench.host.staging.user_namespace.emplace().size = 65'536;
  const std::string options = bench.after(make_rootfs_readonly, Value::object())["mounts"][0]["options"].dump();
  EXPECT_EQ(options.find("uid="), std::string::npos) << options;
  EXPECT_NE(options.find("gid=65535"), std::string::npos) << options;
}

}  // namespace
}  // namespace runward::harden::steps

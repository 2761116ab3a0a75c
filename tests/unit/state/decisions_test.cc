// SPDX-License-Identifier: Apache-2.0
#include "shim/state/decisions.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "shim/base/file.h"

namespace runward::state {
namespace {

namespace fs = std::filesystem;
using oci::Value;
using testing::IsEmpty;
using testing::SizeIs;

// In the build folder, since the state dir may lie only where nobody but root writes.
class DecisionsTest : public testing::Test {
 public:
  DecisionsTest(const DecisionsTest&) = delete;
  DecisionsTest& operator=(const DecisionsTest&) = delete;

 protected:
  DecisionsTest() : top_(fs::current_path() / ("decisions_test." + std::to_string(::getpid()))) {
    fs::create_directories(root());
  }
  ~DecisionsTest() override { fs::remove_all(top_); }

  void SetUp() override {
    const auto folder = open_directory(top_);
    ASSERT_TRUE(folder);
    if (::geteuid() != 0 || !check_only_root_writes(*folder, top_))
      GTEST_SKIP() << "not root, or the build folder is not root's alone";
  }

  [[nodiscard]] std::string root() const { return top_ / "runtime" / "moby"; }
  [[nodiscard]] Decisions decisions() const { return Decisions(top_ / "state"); }
  [[nodiscard]] Decision decision(const std::string& id) const {
    return {.container = id,
            .runtime_root = resolved_root(root()),
            .bundle = "/b",
            .pid_file = "/b/init.pid",
            .command = "create",
            .time = "2026-11-22T00:00:00Z",
            .image = "nginx",
            .selected = "by default",
            .policy_hash = "0123",
            .document = {.device = 1, .inode = UINT64_MAX, .mtime_ns = -5},
            .policy = {.profile = "mine",
                       .config = "{}",
                       .documents = {{.text = "{\"extends\": \"default\"}", .name = "/p", .directory = "/d"},
                                     {.text = "{}", .name = "builtin:x", .directory = "builtin:y"}}},
            .process = {{"noNewPrivileges", true}},
            .resources = {{"pids", {{"limit", 5}}}},
            .users = KeptUsers{.first = 1000000, .size = 65536, .pool = "1000000-65536", .number = 3, .holder = "1.2"}};
  }
  [[nodiscard]] fs::path file_of(const std::string& id) const {
    for (const auto& entry : fs::recursive_directory_iterator(top_ / "state"))
      if (entry.path().filename() == id + ".json") return entry.path();
    return {};
  }
  void make_old(const fs::path& path) const {
    const timespec hour_ago{.tv_sec = std::time(nullptr) - 3600, .tv_nsec = 0};
    const std::array times = {hour_ago, hour_ago};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
  }
  void make_sweep_due() const { make_old(file_of("a").parent_path() / ".swept"); }

  fs::path top_;
};

TEST(ResolvedRoot, IsTheSameBeforeAndAfterTheFolderIsMade) {
  const std::string name = "resolved_root_test." + std::to_string(::getpid());
  const std::string before = resolved_root(name);
  EXPECT_EQ(before, fs::current_path() / name);
  fs::create_directory(name);
  EXPECT_EQ(resolved_root(name), before);
  EXPECT_EQ(resolved_root("./" + name + "/"), before);
  fs::remove(name);
}

TEST_F(DecisionsTest, GivesBackWhatWasKept) {
  const Decision kept = decision("a");
  ASSERT_TRUE(decisions().keep(kept));
  const auto found = decisions().find(root(), "a");
  ASSERT_TRUE(found);
  ASSERT_TRUE(found->has_value());
  const Decision& back = **found;
  EXPECT_EQ(back.container, kept.container);
  EXPECT_EQ(back.runtime_root, kept.runtime_root);
  EXPECT_EQ(back.bundle, kept.bundle);
  EXPECT_EQ(back.pid_file, kept.pid_file);
  EXPECT_EQ(back.command, kept.command);
  EXPECT_EQ(back.time, kept.time);
  EXPECT_EQ(back.image, kept.image);
  EXPECT_EQ(back.selected, kept.selected);
  EXPECT_EQ(back.policy_hash, kept.policy_hash);
  EXPECT_EQ(back.document, kept.document);
  EXPECT_EQ(back.policy.profile, "mine");
  EXPECT_EQ(back.policy.config, "{}");
  ASSERT_THAT(back.policy.documents, SizeIs(2));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(back.policy.documents[i].text, kept.policy.documents[i].text);
    EXPECT_EQ(back.policy.documents[i].name, kept.policy.documents[i].name);
    EXPECT_EQ(back.policy.documents[i].directory, kept.policy.documents[i].directory);
  }
  EXPECT_EQ(back.process, kept.process);
  EXPECT_EQ(back.resources, kept.resources);
  ASSERT_TRUE(back.users);
  EXPECT_EQ(back.users->first, kept.users->first);
  EXPECT_EQ(back.users->size, kept.users->size);
  EXPECT_EQ(back.users->pool, kept.users->pool);
  EXPECT_EQ(back.users->number, kept.users->number);
  EXPECT_EQ(back.users->holder, kept.users->holder);
  EXPECT_EQ(fs::status(file_of("a")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(DecisionsTest, KnowsNothingOfOtherContainersAndRoots) {
  ASSERT_TRUE(decisions().keep(decision("a")));
  EXPECT_FALSE(decisions().find(root(), "b")->has_value());
  EXPECT_FALSE(decisions().find(top_ / "runtime" / "other", "a")->has_value());
  EXPECT_FALSE(decisions().find(top_ / "elsewhere" / "moby", "a")->has_value());
}

TEST_F(DecisionsTest, TakesTwoSpellingsOfARootForOne) {
  ASSERT_TRUE(decisions().keep(decision("a")));
  fs::create_directory_symlink(top_ / "runtime", top_ / "link");
  EXPECT_TRUE(decisions().find(top_ / "link" / "moby", "a")->has_value());
  EXPECT_TRUE(decisions().find(root() + "/", "a")->has_value());
}

TEST_F(DecisionsTest, ReplacesAnOlderOneAndForgets) {
  ASSERT_TRUE(decisions().keep(decision("a")));
  Decision second = decision("a");
  second.bundle = "/second";
  ASSERT_TRUE(decisions().keep(second));
  EXPECT_EQ((*decisions().find(root(), "a"))->bundle, "/second");
  decisions().forget(root(), "a");
  decisions().forget(root(), "a");
  EXPECT_FALSE(decisions().find(root(), "a")->has_value());
}

TEST_F(DecisionsTest, IsAnErrorWhenItCantBeRead) {
  ASSERT_TRUE(decisions().keep(decision("a")));
  for (const char* const text : {"", "{", "{}", "[]", R"({"version": 1})", R"({"version": 2, "container": "a"})"}) {
    std::ofstream(file_of("a")) << text;
    EXPECT_FALSE(decisions().find(root(), "a")) << text;
  }
}

TEST_F(DecisionsTest, IsAnErrorWhereOthersCanWrite) {
  ASSERT_TRUE(decisions().keep(decision("a")));
  fs::permissions(file_of("a").parent_path(), fs::perms::all);
  EXPECT_FALSE(decisions().find(root(), "a"));
  EXPECT_FALSE(decisions().keep(decision("b")));
}

TEST_F(DecisionsTest, SweepsWhatTheRuntimeDoesNotKnowAnyMore) {
  for (const char* const id : {"a", "gone", "young", "alive"}) ASSERT_TRUE(decisions().keep(decision(id)));
  for (const char* const id : {"a", "gone", "alive"}) make_old(file_of(id));
  fs::create_directories(fs::path(root()) / "a");
  fs::create_directories(fs::path(root()) / "alive");
  decisions().sweep(root());
  EXPECT_FALSE(decisions().find(root(), "gone")->has_value());
  EXPECT_TRUE(decisions().find(root(), "young")->has_value());
  EXPECT_TRUE(decisions().find(root(), "alive")->has_value());
}

TEST_F(DecisionsTest, SweepsAtMostOnceAMinute) {
  ASSERT_TRUE(decisions().keep(decision("a")));
  fs::create_directories(fs::path(root()) / "a");
  decisions().sweep(root());
  ASSERT_TRUE(decisions().keep(decision("gone")));
  make_old(file_of("gone"));
  decisions().sweep(root());
  EXPECT_TRUE(decisions().find(root(), "gone")->has_value());
  make_sweep_due();
  decisions().sweep(root());
  EXPECT_FALSE(decisions().find(root(), "gone")->has_value());
}

TEST_F(DecisionsTest, IsSafeUnderParallelCalls) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const std::string id = "c" + std::to_string(t * 25 + i);
        EXPECT_TRUE(decisions().keep(decision(id)));
        const auto found = decisions().find(root(), id);
        EXPECT_TRUE(found && found->has_value() && (*found)->container == id);
        if (i % 2 == 0) decisions().forget(root(), id);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(decisions().list(), SizeIs(8 * 12));
}

TEST(KeptProcess, HoldsNeitherEnvironmentNorArguments) {
  const Value process = {{"env", {"TOKEN=x"}}, {"args", {"x"}}, {"cwd", "/"}, {"noNewPrivileges", true}};
  EXPECT_EQ(kept_process(process), Value({{"noNewPrivileges", true}}));
}

TEST(KeptProcess, KeepsTheLimitsOfResources) {
  const Value resources = {{"memory", {{"limit", 5}}}, {"devices", Value::array()}};
  EXPECT_EQ(kept_resources(resources), Value({{"memory", {{"limit", 5}}}}));
}

}  // namespace
}  // namespace runward::state

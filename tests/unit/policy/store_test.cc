// SPDX-License-Identifier: Apache-2.0
#include "shim/policy/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "shim/policy/shipped.h"

namespace runward::policy {
namespace {

using testing::HasSubstr;

// A configuration folder of root's alone. Not below /tmp, which others can write to.
class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "policy files must be root's";
    std::string pattern = "/var/lib/runward-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
  }
  void TearDown() override {
    if (!dir_.empty()) std::filesystem::remove_all(dir_);
  }
  void put(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = dir_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void put_profile(const std::string& name, const std::string& text) const {
    put("profiles/" + name + "/profile.json", text);
  }
  [[nodiscard]] std::string error_of(const std::string& profile) const {
    const auto policy = load_policy(dir_, profile, Config{});
    if (policy) return "";
    EXPECT_EQ(policy.error().kind, ErrorKind::policy);
    return policy.error().message;
  }

  std::string dir_;
};

TEST_F(StoreTest, GivesTheDefaultsWithoutAFile) {
  const auto config = load_config(dir_);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->runtime, "runc");
  EXPECT_TRUE(load_policy(dir_, "default", *config));
}

TEST_F(StoreTest, ReadsTheHostsConfiguration) {
  put("config.json", R"({"runtime": "crun"})");
  const auto config = load_config(dir_);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->runtime, "crun");
}

TEST_F(StoreTest, RefusesABrokenConfiguration) {
  put("config.json", R"({"runtime": 5})");
  const auto config = load_config(dir_);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().kind, ErrorKind::policy);
  EXPECT_THAT(config.error().message, testing::StartsWith(dir_ + "/config.json:1:2: runtime: "));
}

TEST_F(StoreTest, RefusesAFileThatOthersCanWrite) {
  put("config.json", "{}");
  ASSERT_EQ(::chmod((dir_ + "/config.json").c_str(), 0666), 0);
  EXPECT_THAT(load_config(dir_).error().message, HasSubstr("can be written by others than root"));
  ASSERT_EQ(::chmod((dir_ + "/config.json").c_str(), 0644), 0);
  ASSERT_EQ(::chown((dir_ + "/config.json").c_str(), 1000, 1000), 0);
  EXPECT_THAT(load_config(dir_).error().message, HasSubstr("can be written by others than root"));
}

TEST_F(StoreTest, RefusesAFileInAFolderThatOthersCanWrite) {
  put_profile("web", R"({"extends": "default"})");
  EXPECT_EQ(error_of("web"), "");
  ASSERT_EQ(::chmod((dir_ + "/profiles").c_str(), 0777), 0);
  EXPECT_THAT(error_of("web"), HasSubstr("can be written by others than root"));
}

TEST_F(StoreTest, RefusesALinkAFolderAndAHugeFile) {
  put("real.json", "{}");
  ASSERT_EQ(::symlink("real.json", (dir_ + "/config.json").c_str()), 0);
  EXPECT_FALSE(load_config(dir_));
  std::filesystem::remove(dir_ + "/config.json");
  std::filesystem::create_directory(dir_ + "/config.json");
  EXPECT_FALSE(load_config(dir_));
  std::filesystem::remove(dir_ + "/config.json");
  put("config.json", std::string((1U << 20U) + 1, ' '));
  EXPECT_THAT(load_config(dir_).error().message, HasSubstr("larger than"));
}

TEST_F(StoreTest, PutsAnInstalledProfileOverItsParent) {
  put_profile("web", R"({"extends": "default", "rules": {"pids": {"when_unset": 7}}})");
  const auto policy = load_policy(dir_, "web", Config{});
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(policy->profile, "web");
  EXPECT_EQ(policy->pids.when_unset->absolute, 7U);
  EXPECT_EQ(policy->pids.ceiling->absolute, 4096U);
  EXPECT_EQ(policy->seccomp.baseline, "builtin:default");
}

TEST_F(StoreTest, LetsAnInstalledProfileOverrideTheShippedOneOfItsNameAndExtendIt) {
  put_profile("default", R"({"extends": "default", "rules": {"pids": {"when_unset": 7}}})");
  const auto policy = load_policy(dir_, "default", Config{});
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(policy->pids.when_unset->absolute, 7U);
  EXPECT_EQ(policy->pids.ceiling->absolute, 4096U);
}

TEST_F(StoreTest, MakesAShippedProfileOfShippedOnesOnly) {
  put_profile("default", R"({"extends": "default", "rules": {"no-new-privileges": "off"}})");
  EXPECT_EQ(load_policy(dir_, "default", Config{})->rule(RuleId::no_new_privileges).mode, Mode::off);
  EXPECT_EQ(load_policy(dir_, "strict", Config{})->rule(RuleId::no_new_privileges).mode, Mode::enforce);
}

TEST_F(StoreTest, RefusesACycle) {
  put_profile("a", R"({"extends": "b"})");
  put_profile("b", R"({"extends": "a"})");
  EXPECT_EQ(error_of("a"), "profile 'a' extends itself: a → b → a");
}

TEST_F(StoreTest, RefusesAProfileThatExtendsItselfAndIsNotShipped) {
  put_profile("a", R"({"extends": "a"})");
  EXPECT_THAT(error_of("a"), HasSubstr("unknown profile 'a'"));
}

TEST_F(StoreTest, TakesEightProfilesInAChainAndNotNine) {
  put_profile("p1", R"({"extends": "default"})");
  for (int i = 2; i <= 8; ++i)
    put_profile("p" + std::to_string(i), R"({"extends": "p)" + std::to_string(i - 1) + "\"}");
  EXPECT_EQ(error_of("p7"), "");
  EXPECT_THAT(error_of("p8"), HasSubstr("extends more than 7 profiles"));
}

TEST_F(StoreTest, NamesTheShippedProfilesWhenOneIsUnknown) {
  EXPECT_EQ(error_of("webb"), "unknown profile 'webb': '" + dir_ +
                                  "/profiles/webb/profile.json' is missing, and the shipped profiles are build, "
                                  "compat, default, plugin, record, strict");
}

TEST_F(StoreTest, NeverMakesAPathOfABadName) {
  for (const std::string name : {"", "..", "../default", "a/b", "-x", ".x", "Default"})
    EXPECT_THAT(error_of(name), HasSubstr("is no profile name")) << name;
  EXPECT_FALSE(profile_exists(dir_, "../profiles/default"));
}

TEST_F(StoreTest, WantsASeccompFilterNamedSomewhere) {
  put_profile("bare", R"({"rules": {"user": "off"}})");
  EXPECT_THAT(error_of("bare"), HasSubstr("names no seccomp filter"));
  put_profile("bare", R"({"rules": {"seccomp": "off"}})");
  EXPECT_EQ(error_of("bare"), "");
  put_profile("bare", R"({"rules": {"seccomp": "off", "apparmor": {"required": true}}})");
  EXPECT_THAT(error_of("bare"), HasSubstr("requires AppArmor"));
}

TEST_F(StoreTest, ReadsAnInstalledFilter) {
  put_profile("web", R"({"extends": "default", "rules": {"seccomp": {"baseline": "seccomp.json"}}})");
  const auto policy = load_policy(dir_, "web", Config{});
  ASSERT_TRUE(policy);
  EXPECT_THAT(load_seccomp(*policy).error().message, HasSubstr("which is missing"));
  put("profiles/web/seccomp.json", "{}");
  EXPECT_THAT(load_seccomp(*policy).error().message, HasSubstr("no seccomp filter in OCI form"));
  put("profiles/web/seccomp.json", R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []} // nothing)");
  EXPECT_TRUE(load_seccomp(*policy));
}

TEST_F(StoreTest, ListsInstalledAndShippedProfiles) {
  put_profile("web", "{}");
  put("profiles/empty/readme", "");
  put("profiles/Bad Name/profile.json", "{}");
  const auto names = list_profiles(dir_);
  ASSERT_TRUE(names);
  EXPECT_THAT(*names, testing::ElementsAre("build", "compat", "default", "plugin", "record", "strict", "web"));
}

TEST_F(StoreTest, ChangesTheHashWithEveryFile) {
  const std::string shipped = load_policy(dir_, "default", Config{})->hash;
  EXPECT_THAT(shipped, testing::MatchesRegex("[0-9a-f]{16}"));
  EXPECT_EQ(load_policy(dir_, "default", Config{})->hash, shipped);
  EXPECT_NE(load_policy(dir_, "strict", Config{})->hash, shipped);
  put_profile("default", R"({"extends": "default"})");
  EXPECT_NE(load_policy(dir_, "default", Config{})->hash, shipped);
  std::filesystem::remove_all(dir_ + "/profiles");
  put("config.json", "{ }");
  EXPECT_NE(load_policy(dir_, "default", *load_config(dir_))->hash, shipped);
}

TEST_F(StoreTest, SaysNothingThatAnEngineWouldTakeForTheContainersFault) {
  put("config.json/x", "");
  put_profile("a", R"({"extends": "b"})");
  for (const std::string& message : {load_config(dir_).error().message, error_of("a"), error_of("c")})
    for (const char* word :
         {"permission denied", "no such file", "is a directory", "not a directory", "does not exist"})
      EXPECT_THAT(message, testing::Not(HasSubstr(word)));
}

}  // namespace
}  // namespace runward::policy

// SPDX-License-Identifier: Apache-2.0
#include "profiles/verify/patch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "apparmor/pattern.h"

namespace runward::profiles {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr auto kFilter = R"({
  // what the server needs; "syscalls": [ is no list here
  "defaultAction": "SCMP_ACT_ERRNO",
  "syscalls": [
    { "names": ["read", "write"], "action": "SCMP_ACT_ALLOW" },
    { "names": ["chroot", "mount"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1 }
  ]
}
)";

TEST(AllowCalls, IsOneEntryMoreAndKeepsComments) {
  const auto changed = allow_calls(kFilter, {"getppid", "getpid"});
  ASSERT_TRUE(changed);
  EXPECT_THAT(*changed, HasSubstr("  \"syscalls\": [\n    { \"names\": [\"getpid\", \"getppid\"], \"action\": "
                                  "\"SCMP_ACT_ALLOW\" },\n    { \"names\": [\"read\", "));
  EXPECT_THAT(*changed, HasSubstr("// what the server needs"));
}

TEST(AllowCalls, TakesACallOutOfWhatRefusesItByName) {
  const auto changed = allow_calls(kFilter, {"chroot"});
  ASSERT_TRUE(changed);
  EXPECT_THAT(*changed, HasSubstr(R"("mount")"));
  EXPECT_EQ(changed->find("\"chroot\""), changed->rfind("\"chroot\""));
}

TEST(AllowCalls, CloneMayMakeNoNamespaces) {
  const auto changed = allow_calls(kFilter, {"clone", "getpid"});
  ASSERT_TRUE(changed);
  EXPECT_THAT(*changed,
              HasSubstr(R"({ "names": ["getpid"], "action": "SCMP_ACT_ALLOW" }, { "names": ["clone"], "action")"));
  EXPECT_THAT(*changed, HasSubstr("SCMP_CMP_MASKED_EQ"));
}

TEST(AllowCalls, IntoAnEmptyList) {
  EXPECT_TRUE(allow_calls(R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[]})", {"read"}));
}

TEST(AllowCalls, NothingForWhatIsNoFilter) {
  for (const char* const text : {"", "{}", "[]", R"({"syscalls": {}})", R"({"x": "syscalls", "syscalls)", "{\"\\"})
    EXPECT_FALSE(allow_calls(text, {"read"})) << text;
}

TEST(AddRules, BeforeTheProfilesEnd) {
  const apparmor::Rule rule{.body = apparmor::FileRule{.path = *apparmor::exact_path("/srv/odd \"name\",\n/** rw"),
                                                       .permissions = {apparmor::Permission::read}}};
  const auto changed = add_rules("# a comment\nprofile p {\n  /etc/passwd r,\n}\n", {rule});
  ASSERT_TRUE(changed);
  EXPECT_THAT(*changed, HasSubstr("# a comment\nprofile p {\n  /etc/passwd r,\n  "));
  EXPECT_THAT(*changed, Not(HasSubstr("\n/** rw")));
  EXPECT_FALSE(add_rules("profile p {\n  /etc/passwd r,\n}\n# the end }\n", {rule}));
  EXPECT_FALSE(add_rules("no profile }", {rule}));
}

// patch(1) itself says what its language is.
class UnifiedDiff : public testing::Test {
 protected:
  UnifiedDiff() {
    std::string path = testing::TempDir() + "runward-patch.XXXXXX";
    folder_ = ::mkdtemp(path.data());
  }
  ~UnifiedDiff() override { std::filesystem::remove_all(folder_); }

  std::string patched(const std::string& before, const std::string& diff) const {
    std::ofstream(folder_ + "/f") << before;
    std::ofstream(folder_ + "/diff") << "words in front\n" << diff;
    const std::string command = "cd '" + folder_ + "' && patch -s -p1 <diff";
    if (std::system(command.c_str()) != 0) return "patch failed";  // NOLINT(concurrency-mt-unsafe)
    std::ostringstream text;
    text << std::ifstream(folder_ + "/f").rdbuf();
    return text.str();
  }

  std::string folder_;
};

TEST_F(UnifiedDiff, IsWhatPatchTakes) {
  if (std::system("command -v patch >/dev/null") != 0) GTEST_SKIP() << "there is no patch(1)";  // NOLINT
  const std::string ten = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";
  const std::pair<std::string, std::string> cases[] = {{ten, "1\n2\n3\n4\n5\nnew\n6\n7\n8\n9\n10\n"},
                                                       {ten, "new\n" + ten},
                                                       {ten, ten + "new\n"},
                                                       {ten, "1\n2\n3\n4\n6\n7\n8\n9\n10\n"},
                                                       {ten, ten + "new"},
                                                       {ten + "old", ten + "old\n"},
                                                       {"one", "other"},
                                                       {ten, "all other\n"},
                                                       {"a\na\na\n", "a\na\na\na\n"}};
  for (const auto& [before, after] : cases)
    EXPECT_EQ(patched(before, unified_diff("f", before, after)), after) << after;
}

TEST(UnifiedDiffOf, TheSameIsNothing) { EXPECT_EQ(unified_diff("f", "a\n", "a\n"), ""); }

}  // namespace
}  // namespace runward::profiles

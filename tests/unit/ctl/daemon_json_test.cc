// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/daemon_json.h"

#include <gmock/gmock.h>

namespace runward::ctl {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::vector<std::string> kNames = {"runward", "runward-strict"};

Registration registration(std::optional<std::string> standard = std::nullopt) {
  return {.runtimes = {{"runward", "/usr/bin/runward"}, {"runward-strict", "/usr/bin/runward-strict"}},
          .default_runtime = std::move(standard)};
}

std::string added(std::string_view text, const Registration& what = registration()) {
  const auto result = add_runtimes(text, "daemon.json", what);
  return result ? *result : "error: " + result.error().message;
}

std::string removed(std::string_view text, const std::optional<std::string>& before = std::nullopt) {
  const auto result = remove_runtimes(text, "daemon.json", kNames, before);
  return result ? *result : "error: " + result.error().message;
}

TEST(AddRuntimes, MakesAFileOfNothing) {
  EXPECT_EQ(added(""), R"({
    "runtimes": {
        "runward": {
            "path": "/usr/bin/runward"
        },
        "runward-strict": {
            "path": "/usr/bin/runward-strict"
        }
    }
}
)");
}

TEST(AddRuntimes, KeepsOrderSpacingAndUnknownKeys) {
  EXPECT_EQ(added("{\n  \"zeta\": [1,   2],\n  \"runtimes\": {\n    \"other\": {\"path\": \"/x\"}\n  },\n  \"alpha\": "
                  "1e3\n}\n"),
            R"({
  "zeta": [1,   2],
  "runtimes": {
    "other": {"path": "/x"},
    "runward": {
      "path": "/usr/bin/runward"
    },
    "runward-strict": {
      "path": "/usr/bin/runward-strict"
    }
  },
  "alpha": 1e3
}
)");
}

TEST(AddRuntimes, SetsTheDefaultRuntimeOnlyWhenAsked) {
  EXPECT_EQ(
      added("{\"default-runtime\": \"crun\"}"),
      R"({"default-runtime": "crun", "runtimes": {"runward":{"path":"/usr/bin/runward"},"runward-strict":{"path":"/usr/bin/runward-strict"}}})");
  EXPECT_THAT(added("{\"default-runtime\": \"crun\"}", registration("runward")),
              StartsWith(R"({"default-runtime": "runward", )"));
}

TEST(AddRuntimes, ChangesNothingTheSecondTime) {
  for (const char* text : {"", "{}", "{\n\t\"debug\": true\n}", R"({"runtimes":{}})", "{\"runtimes\": null}\n"}) {
    const std::string once = added(text, registration("runward"));
    EXPECT_EQ(added(once, registration("runward")), once);
  }
}

TEST(AddRuntimes, UpdatesThePathOfAnEarlierInstallation) {
  const std::string text = added(R"({"runtimes": {"runward": {"path": "/old/runward"}}})");
  EXPECT_THAT(text, HasSubstr("/usr/bin/runward\""));
  EXPECT_THAT(text, testing::Not(HasSubstr("/old")));
}

TEST(AddRuntimes, SaysWhereAFileIsWrong) {
  EXPECT_THAT(added("{\n  \"debug\": true,\n  // why\n}"), StartsWith("error: daemon.json:3:"));
  EXPECT_THAT(added(R"({"debug": true, "debug": false})"), HasSubstr("daemon.json:1:24: duplicate key \"debug\""));
  EXPECT_THAT(added(R"({"runtimes": []})"), HasSubstr("daemon.json:1:2: runtimes: expected an object"));
  EXPECT_THAT(added(R"({"Runtimes": {}})"), HasSubstr("has to be written 'runtimes'"));
  EXPECT_THAT(added(R"({"default-runtime": 1})"), HasSubstr("expected a text"));
  EXPECT_THAT(added("[]"), HasSubstr("expected an object"));
}

TEST(AddRuntimes, LeavesAnEntryWithMoreThanAPathAlone) {
  EXPECT_THAT(added(R"({"runtimes": {"runward": {"path": "/x", "runtimeArgs": ["--debug"]}}})"),
              HasSubstr("choose another --name"));
}

TEST(RemoveRuntimes, RestoresEveryByte) {
  for (const char* text :
       {"", "{}", "{ }\n", "{\n}\n", R"({"a":1})", "{\n\t\"debug\": true\n}", "{\"runtimes\": {}}\n",
        "{\n  \"runtimes\": {\n    \"x\": {\"path\": \"/x\"}\n  },\n  \"default-runtime\": \"x\"\n}"}) {
    EXPECT_EQ(removed(added(text), text), text);
    EXPECT_EQ(removed(added(text, registration("runward-strict")), text), text);
  }
}

TEST(RemoveRuntimes, RestoresTheEarlierDefaultAfterOtherChanges) {
  const std::string before = R"({"default-runtime": "crun"})";
  const std::string text = R"({"default-runtime": "runward", "debug": true, "runtimes": {"runward": {"path": "/r"}}})";
  EXPECT_EQ(removed(text, before), R"({"default-runtime": "crun", "debug": true})");
  EXPECT_EQ(removed(text), R"({"debug": true})");
}

TEST(RemoveRuntimes, KeepsADefaultThatIsNotOurs) {
  EXPECT_EQ(removed(R"({"default-runtime": "runc", "runtimes": {"runward": {"path": "/r"}, "x": {"path": "/x"}}})"),
            R"({"default-runtime": "runc", "runtimes": {"x": {"path": "/x"}}})");
}

TEST(RemoveRuntimes, HasNothingToDoWithoutThem) { EXPECT_EQ(removed(R"({"runtimes": {}})"), R"({"runtimes": {}})"); }

}  // namespace
}  // namespace runward::ctl

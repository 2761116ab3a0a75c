// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "shim/policy/store.h"

namespace runward::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ConfigParser, ReadsEveryKey) {
  const auto config = parse_config(R"({
    // the host
    "$schema": "config.schema.json",
    "runtime": "/usr/bin/crun",
    "mode": "audit",
    "profiles": {
      "default": "web",
      "by_namespace": {"plugins.moby": "plugin"},
      "by_runtime": {"runward-web": "web"},
      "by_image": [{"image": "docker.io/library/nginx", "profile": "web"}],
      "choices": ["strict", "web"],
      "annotation": "a",
      "label": "l"
    },
    "ceilings": {"memory": "80%", "cpu": 2, "pids": 100, "capabilities": ["CHOWN"], "required_rules": ["seccomp"]},
    "events": {"file": "", "required": true}
  })",
                                   "config.json");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->runtime, "/usr/bin/crun");
  EXPECT_EQ(config->mode, Mode::audit);
  EXPECT_EQ(config->selection.standard, "web");
  EXPECT_EQ(config->selection.by_namespace.at("plugins.moby"), "plugin");
  EXPECT_EQ(config->selection.by_runtime.at("runward-web"), "web");
  ASSERT_EQ(config->selection.by_image.size(), 1U);
  EXPECT_EQ(config->selection.by_image[0].image, "docker.io/library/nginx");
  EXPECT_THAT(config->selection.choices, ElementsAre("strict", "web"));
  EXPECT_EQ(config->selection.annotation, "a");
  EXPECT_EQ(config->selection.label, "l");
  EXPECT_EQ(config->ceilings.memory->percent, 80U);
  EXPECT_EQ(config->ceilings.cpu->absolute, 2000U);
  EXPECT_EQ(config->ceilings.pids->absolute, 100U);
  EXPECT_EQ(config->ceilings.capabilities, (oci::CapabilitySet{"CHOWN"}));
  EXPECT_THAT(config->ceilings.required_rules, ElementsAre(RuleId::seccomp));
  EXPECT_EQ(config->events.file, "");
  EXPECT_TRUE(config->events.required);
}

TEST(ConfigParser, GivesTheDefaultsForAnEmptyObject) {
  const auto config = parse_config("{}", "config.json");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->runtime, "runc");
  EXPECT_EQ(config->selection.standard, "default");
  EXPECT_EQ(config->events.file, "/var/log/runward/events.jsonl");
}

TEST(ConfigParser, SaysWhereAndWhatWasExpected) {
  const auto config = parse_config("{\n\n  \"events\": {\"required\": \"yes\"}\n}", "config.json");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message, "config.json:3:14: events.required: expected true or false");
}

struct Refused {
  std::string text;
  std::string problem;
};

class ConfigParserRefuses : public testing::TestWithParam<Refused> {};

TEST_P(ConfigParserRefuses, WithFileLineAndColumn) {
  const auto config = parse_config(GetParam().text, "config.json");
  ASSERT_FALSE(config) << GetParam().text;
  EXPECT_EQ(config.error().kind, ErrorKind::policy);
  EXPECT_THAT(config.error().message, testing::ContainsRegex("^config\\.json:[0-9]+:[0-9]+: "));
  EXPECT_THAT(config.error().message, HasSubstr(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    Everything, ConfigParserRefuses,
    testing::Values(Refused{"", "unexpected end"}, Refused{"5", "expected an object"},
                    Refused{R"({"rules": {}})", "unknown key \"rules\""},
                    Refused{R"({"runtme": "runc"})", "did you mean \"runtime\""},
                    Refused{R"({"runtime": "../runc"})", "a program"}, Refused{R"({"runtime": ""})", "a program"},
                    Refused{R"({"runtime": "/"})", "a program"}, Refused{R"({"mode": "permissive"})", "\"audit\""},
                    Refused{R"({"profiles": {"default": "A"}})", "a profile's name"},
                    Refused{R"({"profiles": {"by_runtime": {"x": 5}}})", "a profile's name"},
                    Refused{R"({"profiles": {"by_image": [{"image": "nginx"}]}})", "expected {\"image\""},
                    Refused{R"({"profiles": {"by_image": [{"image": "nginx:1", "profile": "x"}]}})", "expected no tag"},
                    Refused{R"({"profiles": {"choices": "strict"}})", "expected a list"},
                    Refused{R"({"ceilings": {"memory": "none"}})", "expected an amount"},
                    Refused{R"({"ceilings": {"required_rules": ["secomp"]}})", "did you mean \"seccomp\""},
                    Refused{R"({"events": {"file": "events.jsonl"}})", "an absolute path"}));

}  // namespace
}  // namespace runward::policy

// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/json_edit.h"

#include <gmock/gmock.h>

namespace runward::ctl {
namespace {

TEST(JsonEdit, AddsAMemberAtTheEndInTheFilesIndentation) {
  EXPECT_EQ(set_member("{\n  \"b\": 1,\n  \"a\": 2\n}\n", {}, "c", {{"x", 3}}),
            "{\n  \"b\": 1,\n  \"a\": 2,\n  \"c\": {\n    \"x\": 3\n  }\n}\n");
  EXPECT_EQ(set_member("{\n\t\"b\": 1\n}", {}, "c", {{"x", 3}}), "{\n\t\"b\": 1,\n\t\"c\": {\n\t\t\"x\": 3\n\t}\n}");
  EXPECT_EQ(set_member("{}", {}, "c", 1), "{\n    \"c\": 1\n}");
}

TEST(JsonEdit, KeepsALineALine) {
  EXPECT_EQ(set_member(R"({"a":1})", {}, "c", {{"x", 3}}), R"({"a":1, "c": {"x":3}})");
}

TEST(JsonEdit, ReplacesOnlyTheValue) {
  EXPECT_EQ(set_member("{\"a\" :  1e3 ,\"b\":[1, 2]}", {}, "b", false), "{\"a\" :  1e3 ,\"b\":false}");
}

TEST(JsonEdit, WorksInsideOfAnotherObject) {
  EXPECT_EQ(set_member("{\n  \"r\": {\n    \"x\": 1\n  },\n  \"z\": 0\n}", {"r"}, "y", 2),
            "{\n  \"r\": {\n    \"x\": 1,\n    \"y\": 2\n  },\n  \"z\": 0\n}");
  EXPECT_EQ(set_member("{\n  \"r\": {}\n}", {"r"}, "y", 2), "{\n  \"r\": {\n    \"y\": 2\n  }\n}");
}

TEST(JsonEdit, IsNotMisledByBracesAndQuotesInTexts) {
  EXPECT_EQ(set_member(R"({"a": "}\"{,", "b\"": ["]"]})", {}, "a", 1), R"({"a": 1, "b\"": ["]"]})");
  EXPECT_EQ(remove_member(R"({"a": "}\"{,", "b\"": ["]"]})", {}, "b\""), R"({"a": "}\"{,"})");
}

TEST(JsonEdit, RemovesFirstMiddleLastAndOnlyMember) {
  const std::string text = "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}";
  EXPECT_EQ(remove_member(text, {}, "a"), "{\n  \"b\": 2,\n  \"c\": 3\n}");
  EXPECT_EQ(remove_member(text, {}, "b"), "{\n  \"a\": 1,\n  \"c\": 3\n}");
  EXPECT_EQ(remove_member(text, {}, "c"), "{\n  \"a\": 1,\n  \"b\": 2\n}");
  EXPECT_EQ(remove_member(text, {}, "d"), text);
  EXPECT_EQ(remove_member("{\n  \"a\": 1\n}", {}, "a"), "{}");
}

}  // namespace
}  // namespace runward::ctl

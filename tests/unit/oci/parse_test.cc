// SPDX-License-Identifier: Apache-2.0
#include "shim/oci/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "shim/oci/print.h"

namespace runward::oci {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string problem(std::string_view text, const ParseLimits& limits = {}) {
  const auto parsed = parse(text, "config.json", limits);
  return parsed ? "" : parsed.error().message;
}
std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(Parse, ReadsADocument) {
  const auto parsed = parse(R"({"a": [1, true, null, "x"]})", "config.json");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, Value({{"a", {1, true, nullptr, "x"}}}));
}

TEST(Parse, RefusesDuplicateKeysAtEveryDepth) {
  EXPECT_EQ(problem("{\n \"process\": {},\n \"process\": {}}"), "config.json:3:11: duplicate key \"process\"");
  EXPECT_THAT(problem(R"({"a": [{"b": 1, "b": 1}]})"), HasSubstr("duplicate key \"b\""));
  EXPECT_THAT(problem(R"({"a": 1, "\u0061": 2})"), HasSubstr("duplicate key \"a\""));
}

TEST(Parse, LetsDifferentObjectsHaveTheSameKey) { EXPECT_EQ(problem(R"([{"a": 1}, {"a": {"a": 2}}])"), ""); }

TEST(Parse, BoundsDepth) {
  EXPECT_EQ(problem(nested(64)), "");
  EXPECT_THAT(problem(nested(65)), HasSubstr("more than 64 levels deep"));
  EXPECT_THAT(problem(nested(200'000)), HasSubstr("levels deep"));
  EXPECT_THAT(problem(std::string(200'000, '[')), HasSubstr("levels deep"));
}

TEST(Parse, BoundsSize) {
  const ParseLimits limits{.max_bytes = 10, .max_depth = 64, .comments = false};
  EXPECT_EQ(problem("[1,2,3,45]", limits), "");
  EXPECT_THAT(problem("[1,2,3,456]", limits), HasSubstr("larger than 10 bytes"));
}

TEST(Parse, Keeps64BitIntegers) {
  const auto parsed = parse(R"([18446744073709551615, -1, -9223372036854775808, 9223372036854775807, 0])", "x");
  ASSERT_TRUE(parsed);
  EXPECT_EQ((*parsed)[0].get<std::uint64_t>(), UINT64_MAX);
  EXPECT_EQ((*parsed)[1].get<std::int64_t>(), -1);
  EXPECT_EQ((*parsed)[2].get<std::int64_t>(), INT64_MIN);
  EXPECT_EQ(print(*parsed), "[18446744073709551615,-1,-9223372036854775808,9223372036854775807,0]");
}

TEST(Parse, RefusesIntegersThatWouldLoseDigits) {
  EXPECT_THAT(problem("[18446744073709551616]"), HasSubstr("does not fit into 64 bits"));
  EXPECT_THAT(problem("[-9223372036854775809]"), HasSubstr("does not fit into 64 bits"));
}

TEST(Parse, RefusesWhatIsNoSingleDocument) {
  for (const char* text :
       {"", " ", "{", "{}x", "{} {}", "{},", "nul", "{\"a\":}", "[1,]", "{'a': 1}", "[01]", "[NaN]", "[1e999]"})
    EXPECT_THAT(problem(text), StartsWith("config.json:1:")) << text;
}

// nlohmann's lexer takes a NUL byte for the end of the input.
TEST(Parse, RefusesWhatFollowsANulByte) {
  for (const std::string& text : {std::string("{}\0", 3), std::string("{}\0{\"x\": 1}", 11)})
    EXPECT_THAT(problem(text), StartsWith("config.json:1:"));
}

TEST(Parse, RefusesInvalidUtf8) {
  for (const char* text : {"[\"\xff\"]", "[\"\xc3\"]", "[\"\xc0\xaf\"]", "[\"\xed\xa0\x80\"]", R"(["\ud800"])"})
    EXPECT_THAT(problem(text), StartsWith("config.json:1:")) << text;
}

TEST(Parse, ReadsCommentsOnlyWhereTheyAreAllowed) {
  const ParseLimits policy_file{.max_bytes = 1024, .max_depth = 16, .comments = true};
  const char* const text = "{ // why\n \"a\": /* how */ 1 }";
  EXPECT_EQ(problem(text, policy_file), "");
  EXPECT_THAT(problem(text), StartsWith("config.json:1:"));
}

TEST(Parse, TellsLineAndColumnOfAnError) {
  EXPECT_THAT(problem("{\n  \"a\": 1,\n  \"b\": tru\n}"), StartsWith("config.json:3:"));
  EXPECT_THAT(problem("{\n  \"a\": 1\n"), StartsWith("config.json:3:"));
}

TEST(PositionOf, FindsTheKeyOfAMemberAndTheStartOfAnElement) {
  struct Row {
    const char* pointer;
    std::size_t line;
    std::size_t column;
  };
  const char* const text = "{\n  \"a\": {\n    \"bc\": \"x\",\n    \"d\": [7, \"yy\"]\n  }\n}";
  for (const Row& row : {Row{"/a", 2, 3}, Row{"/a/bc", 3, 5}, Row{"/a/d", 4, 5}, Row{"/a/d/1", 4, 14}}) {
    const TextPosition at = position_of(text, Pointer(row.pointer));
    EXPECT_EQ(at.line, row.line) << row.pointer;
    EXPECT_EQ(at.column, row.column) << row.pointer;
  }
}

}  // namespace
}  // namespace runward::oci

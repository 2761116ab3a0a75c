// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/describe.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <nlohmann/json.hpp>
#include <string>

#include "shim/base/file.h"
#include "shim/runtime/capture.h"
#include "tests/unit/runtime/temporary_directory.h"

namespace runward::runtime {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

struct Printed {
  std::string text;
  int exit_code = -1;
};

Printed printed(Result<int> (*print)(const LowLevel&, int), const std::string& script) {
  const TemporaryDirectory directory;
  const LowLevel low_level{directory.program("runc", script)};
  const UniqueFd out(::memfd_create("out", MFD_CLOEXEC));
  const auto exit_code = print(low_level, out.get());
  EXPECT_TRUE(exit_code) << (exit_code ? "" : exit_code.error().message);
  ::lseek(out.get(), 0, SEEK_SET);
  auto text = read_all(out, 1U << 22U, "out");
  return {text ? *text : "", exit_code ? *exit_code : -1};
}

TEST(PrintVersion, AddsOneLineBehindTheRuntimesOwn) {
  const auto [text, exit_code] = printed(&print_version, "printf 'runc version 1.1.5\\ncommit: c\\nspec: 1.0.2\\n'");
  EXPECT_THAT(text, MatchesRegex("runc version 1\\.1\\.5\ncommit: c\nspec: 1\\.0\\.2\nrunward: [0-9.]+\n"));
  EXPECT_EQ(exit_code, 0);
}

TEST(PrintVersion, PassesTheExitCodeOn) {
  EXPECT_EQ(printed(&print_version, "exit 7").exit_code, 7);
  EXPECT_EQ(printed(&print_version, "kill -9 $$").exit_code, 137);
}

TEST(PrintVersion, AsksForNothingElse) {
  EXPECT_THAT(printed(&print_version, "echo \"runc version [$*]\"").text, HasSubstr("[--version]"));
}

TEST(PrintFeatures, AddsOurPrefixToTheRealAnswer) {
  const auto [text, exit_code] = printed(&print_features, R"(echo '{"ociVersionMin":"1.0.0","mountOptions":["rro"],
        "potentiallyUnsafeConfigAnnotations":["org.criu.config"]}')");
  const auto features = nlohmann::json::parse(text);
  EXPECT_EQ(features.at("potentiallyUnsafeConfigAnnotations"), nlohmann::json({"org.criu.config", "io.runward."}));
  EXPECT_EQ(features.at("mountOptions"), nlohmann::json({"rro"}));
  EXPECT_EQ(exit_code, 0);
}

TEST(PrintFeatures, PassesAnythingElseThroughUnchanged) {
  EXPECT_EQ(printed(&print_features, "echo '[1]'").text, "[1]\n");
  EXPECT_EQ(printed(&print_features, "echo not json").text, "not json\n");
  const auto [text, exit_code] = printed(&print_features, "echo '{}'; exit 3");
  EXPECT_EQ(text, "{}\n");
  EXPECT_EQ(exit_code, 3);
}

TEST(AnnotationPrefix, CreatesTheListWhenItIsAbsentOrNull) {
  for (const char* text : {"{}", R"({"potentiallyUnsafeConfigAnnotations":null})"}) {
    const auto features = with_annotation_prefix(text);
    ASSERT_TRUE(features) << text;
    EXPECT_EQ(nlohmann::json::parse(*features).at("potentiallyUnsafeConfigAnnotations"),
              nlohmann::json::array({"io.runward."}));
  }
}

TEST(AnnotationPrefix, IsAddedOnce) {
  const auto once = with_annotation_prefix("{}");
  ASSERT_TRUE(once);
  EXPECT_EQ(with_annotation_prefix(*once), once);
}

TEST(AnnotationPrefix, LeavesAnUnexpectedDocumentAlone) {
  for (const char* text : {"", "null", "[]", "{", R"({"potentiallyUnsafeConfigAnnotations":"x"})"})
    EXPECT_FALSE(with_annotation_prefix(text)) << text;
}

TEST(RunAndCapture, RefusesAFloodAndEndsTheProgram) {
  const TemporaryDirectory directory;
  const auto captured = run_and_capture(directory.program("flood", "exec yes"), {});
  ASSERT_FALSE(captured);
  EXPECT_THAT(captured.error().message, HasSubstr("is larger than"));
}

TEST(RunAndCapture, NamesAProgramThatCannotBeStarted) {
  const auto captured = run_and_capture("/opt/absent/runc", {"--version"});
  ASSERT_FALSE(captured);
  EXPECT_EQ(captured.error().message, "execute '/opt/absent/runc': not found");
}

}  // namespace
}  // namespace runward::runtime

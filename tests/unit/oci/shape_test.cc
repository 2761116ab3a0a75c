// SPDX-License-Identifier: Apache-2.0
#include "shim/oci/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace runward::oci {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string problem(const Value& document, Document kind = Document::spec) {
  const auto problems = check_shape(document, kind);
  return problems.empty() ? "" : problems.front().where.to_string() + ": " + problems.front().message;
}

TEST(CheckShape, RefusesKeysThatDifferFromAKnownOneInCaseOnly) {
  EXPECT_THAT(problem({{"Process", {{"args", {"sh"}}}}}), HasSubstr("key \"Process\" differs from \"process\""));
  EXPECT_THAT(problem({{"process", {{"NoNewPrivileges", false}}}}), HasSubstr("noNewPrivileges"));
  EXPECT_THAT(problem({{"mounts", {{{"SOURCE", "/run"}}}}}), HasSubstr("mounts[].source"));
  EXPECT_THAT(problem({{"linux", {{"resources", {{"memory", {{"Limit", -1}}}}}}}}), HasSubstr("memory.limit"));
}

// encoding/json folds U+017F (ſ) to s and U+212A (K) to k.
TEST(CheckShape, FoldsTheLettersThatGoFolds) {
  EXPECT_THAT(problem({{"proce\xC5\xBFs", nullptr}}), HasSubstr("process"));
  EXPECT_THAT(problem({{"hoo\xE2\x84\xAAs", Value::object()}}), HasSubstr("hooks"));
  EXPECT_THAT(problem({{"linux",
                        {{"ma\xC5\xBF\xE2\x84\xAA"
                          "edPaths",
                          Value::array()}}}}),
              HasSubstr("maskedPaths"));
}

TEST(CheckShape, LooksAtCaseVariantsOfAProcessAndOfResourcesToo) {
  EXPECT_THAT(problem({{"Capabilities", Value::object()}}, Document::process), HasSubstr("process.capabilities"));
  EXPECT_THAT(problem({{"Unified", Value::object()}}, Document::resources), HasSubstr("unified"));
}

TEST(CheckShape, LeavesTheKeysOfMapsAlone) {
  EXPECT_EQ(problem({{"annotations", {{"Root", "x"}, {"PROCESS", "y"}, {"root.readonly", "z"}}}}), "");
  EXPECT_EQ(problem({{"linux", {{"sysctl", {{"NET.X", "1"}}}, {"resources", {{"unified", {{"Memory.Max", "1"}}}}}}}}),
            "");
}

TEST(CheckShape, KeepsUnknownFieldsUnseen) {
  EXPECT_EQ(problem({{"windows", {{"Anything", {1, "x"}}}}, {"linux", {{"newThing", 5}}}}), "");
}

TEST(CheckShape, TakesNullForAbsent) {
  EXPECT_EQ(problem({{"process", nullptr}, {"mounts", nullptr}, {"linux", {{"seccomp", nullptr}}}}), "");
}

TEST(CheckShape, RefusesWrongTypes) {
  struct Row {
    const char* pointer;
    Value value;
  };
  for (const Row& row : {Row{"/process", 1},
                         Row{"/process/args", "sh"},
                         Row{"/process/args", {1}},
                         Row{"/process/args", Value::array({nullptr})},
                         Row{"/process/noNewPrivileges", "true"},
                         Row{"/process/noNewPrivileges", 1},
                         Row{"/process/user/uid", -1},
                         Row{"/process/user/uid", "0"},
                         Row{"/process/user/uid", 1.0},
                         Row{"/process/user/additionalGids", Value::array({-1})},
                         Row{"/process/oomScoreAdj", UINT64_MAX},
                         Row{"/mounts", Value::object()},
                         Row{"/mounts", Value::array({"x"})},
                         Row{"/mounts", Value::array({nullptr})},
                         Row{"/annotations", {{"a", 1}}},
                         Row{"/annotations", {{"a", nullptr}}},
                         Row{"/linux/resources/memory/limit", "64m"},
                         Row{"/linux/resources/memory/limit", UINT64_MAX},
                         Row{"/linux/seccomp", "unconfined"},
                         Row{"/linux/seccomp/defaultAction", 1},
                         Row{"/hooks/prestart", {{"path", "/x"}}},
                         Row{"/root", "rootfs"}}) {
    Value document = Value::object();
    document[Pointer(row.pointer)] = row.value;
    EXPECT_NE(problem(document), "") << row.pointer << " " << row.value;
  }
}

TEST(CheckShape, AcceptsTheLimitsOfTheNumbers) {
  EXPECT_EQ(problem({{"process",
                      {{"rlimits", {{{"type", "RLIMIT_CORE"}, {"hard", UINT64_MAX}, {"soft", std::uint64_t{0}}}}},
                       {"oomScoreAdj", -1000}}},
                     {"linux", {{"resources", {{"memory", {{"limit", INT64_MAX}, {"swap", -1}}}}}}}}),
            "");
}

TEST(CheckShape, RefusesADocumentThatIsNoObject) {
  for (const Value& document : {Value(), Value(1), Value::array(), Value("x")})
    EXPECT_THAT(check_shape(document, Document::spec), SizeIs(1));
}

TEST(CheckShape, TellsWhere) {
  const auto problems = check_shape({{"mounts", {Value::object(), {{"destination", 5}}}}}, Document::spec);
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].where.to_string(), "/mounts/1/destination");
}

TEST(CheckShape, SaysNothingOfAnEmptyDocument) {
  for (const Document kind : {Document::spec, Document::process, Document::resources})
    EXPECT_THAT(check_shape(Value::object(), kind), IsEmpty());
}

TEST(Fields, NameNoFieldTwice) {
  for (const Field& field : fields())
    EXPECT_EQ(std::ranges::count(fields(), field.path, &Field::path), 1) << field.path;
}

TEST(Fields, HaveTheirParentsAmongThem) {
  for (const Field& field : fields()) {
    const std::size_t dot = field.path.rfind('.');
    if (dot == std::string_view::npos) continue;
    std::string_view parent = field.path.substr(0, dot);
    const bool in_array = parent.ends_with("[]");
    if (in_array) parent.remove_suffix(2);
    const auto found = std::ranges::find(fields(), parent, &Field::path);
    ASSERT_NE(found, fields().end()) << field.path;
    EXPECT_EQ(found->type, in_array ? FieldType::objects : FieldType::object) << field.path;
  }
}

}  // namespace
}  // namespace runward::oci

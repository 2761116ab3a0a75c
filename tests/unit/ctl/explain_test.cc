// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/explain.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace runward::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string golden(const std::string& name) {
  std::ifstream file(std::string(RUNWARD_SOURCE_DIR) + "/tests/golden/docker-20.10/" + name + ".json");
  return {std::istreambuf_iterator<char>(file), {}};
}

Question question_about(const std::string& name) {
  return {.config_dir = "/nonexistent",
          .profile = {},
          .call = {.runtime_name = "runward",
                   .runtime_root = "/run/docker/runtime-runc/moby",
                   .container_id = "c1",
                   .flags = {},
                   .command = "create",
                   .bundle = {}},
          .bundle = "/bundle",
          .asked = golden(name),
          .actual = {}};
}

Explanation explanation_of(const Question& question) {
  auto explanation = explain_documents(question);
  EXPECT_TRUE(explanation) << explanation.error().message;
  return explanation ? *std::move(explanation) : Explanation{};
}

SummaryRow row(const Explanation& explanation, std::string_view name) {
  const auto found = std::ranges::find(explanation.summary, name, &SummaryRow::name);
  return found == explanation.summary.end() ? SummaryRow{} : *found;
}

TEST(Explain, ShowsAskedAndActualOfAPlainContainer) {
  const Explanation explanation = explanation_of(question_about("plain"));
  EXPECT_EQ(explanation.profile, "default");
  EXPECT_EQ(explanation.selected, "the default");
  EXPECT_THAT(row(explanation, "capabilities").asked, HasSubstr("MKNOD"));
  EXPECT_THAT(row(explanation, "capabilities").actual, Not(HasSubstr("MKNOD")));
  EXPECT_EQ(row(explanation, "rootfs").asked, "writable");
  EXPECT_EQ(row(explanation, "rootfs").actual, "read-only");
  EXPECT_EQ(row(explanation, "no_new_privs").actual, "yes");
  EXPECT_EQ(row(explanation, "memory").asked, "no limit");
  EXPECT_NE(row(explanation, "memory").actual, "no limit");
  EXPECT_EQ(row(explanation, "processes").actual, "1024");
}

TEST(Explain, TellsWhyAPrivilegedContainerIsRefused) {
  const Explanation explanation = explanation_of(question_about("privileged"));
  EXPECT_TRUE(explanation.refused);
  EXPECT_THAT(row(explanation, "capabilities").asked, HasSubstr("all or nearly so"));
  EXPECT_THAT(row(explanation, "seccomp").asked, "none");
  const std::string text = describe(explanation);
  EXPECT_THAT(text, HasSubstr("privileged\n  refused"));
  EXPECT_THAT(text, HasSubstr("(rule privileged)"));
}

TEST(Explain, TakesTheProfileThatWasAskedFor) {
  Question question = question_about("plain");
  question.profile = "strict";
  const Explanation explanation = explanation_of(question);
  EXPECT_EQ(explanation.profile, "strict");
  EXPECT_TRUE(explanation.refused);  // uid 0
}

TEST(Explain, TakesTheProfileOfTheRuntimesName) {
  Question question = question_about("plain");
  question.call.runtime_name = "runward-compat";
  EXPECT_EQ(explanation_of(question).selected, "runtime name 'runward-compat'");
}

TEST(Explain, SaysWhenTheBundleHoldsSomethingElse) {
  Question question = question_about("plain");
  question.actual = question.asked;
  const Explanation explanation = explanation_of(question);
  EXPECT_THAT(explanation.notes, testing::Contains(HasSubstr("changed since")));
  EXPECT_EQ(row(explanation, "rootfs").actual, "writable");
}

TEST(Explain, ShowsNoValueOfTheEnvironment) {
  const Explanation explanation = explanation_of(question_about("env-secrets"));
  const oci::Value document = *parse_spec(golden("env-secrets"), "config.json");
  for (const std::string& variable : oci::Spec(document).process().env()) {
    const std::string value = variable.substr(variable.find('=') + 1);
    if (variable.starts_with("PATH=") || variable.starts_with("HOSTNAME=")) continue;  // paths, the container's id
    if (value.size() < 8) continue;                                                    // not to be told from other text
    EXPECT_THAT(describe(explanation), Not(HasSubstr(value)));
    EXPECT_THAT(to_json(explanation).dump(), Not(HasSubstr(value)));
  }
}

TEST(Explain, FallsBackToTheEventOfABundleThatIsGone) {
  const Explanation explanation = explain_event({{"container", "c1"},
                                                 {"time", "2026-11-22T08:09:41Z"},
                                                 {"decision", "refused"},
                                                 {"message", "no"},
                                                 {"rules", oci::Value::array()}});
  EXPECT_TRUE(explanation.refused);
  EXPECT_THAT(describe(explanation), HasSubstr("the bundle is gone"));
}

}  // namespace
}  // namespace runward::ctl

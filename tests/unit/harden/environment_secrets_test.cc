// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

TEST(FindSecrets, FindsCredentialsByTheNameOfTheVariable) {
  const Bench bench;
  for (const char* entry :
       {"POSTGRES_PASSWORD=x", "aws_secret_access_key=x", "GITHUB_TOKEN=x", "API_KEY=x", "DB_PASSWD=x"})
    EXPECT_THAT(bench.refusals(find_secrets, {{"env", {entry}}}), SizeIs(1)) << entry;
}

TEST(FindSecrets, FindsCredentialsByTheirShape) {
  const Bench bench;
  for (const char* entry :
       {"X=ghp_0123456789abcdefghij", "X=AKIAIOSFODNN7EXAMPLE", "X=-----BEGIN RSA PRIVATE KEY-----\nMII"})
    EXPECT_THAT(bench.refusals(find_secrets, {{"env", {entry}}}), SizeIs(1)) << entry;
  EXPECT_THAT(bench.refusals(find_secrets, {{"args", {"run", "glpat-0123456789abcdef"}}}), SizeIs(1));
}

TEST(FindSecrets, LeavesHarmlessOnesAlone) {
  const Bench bench;
  for (const char* entry :
       {"PATH=/usr/bin", "POSTGRES_PASSWORD_FILE=/run/secrets/pw", "PASSWORD=", "TOKEN", "KEYBOARD=de", ""})
    EXPECT_THAT(bench.refusals(find_secrets, {{"env", {entry}}}), IsEmpty()) << entry;
}

TEST(FindSecrets, NeverTellsTheValue) {
  const Bench bench;
  const Verdict verdict =
      bench.verdict(find_secrets, {{"env", {"PASSWORD=hunter2hunter2"}}, {"args", {"ghp_hunter2hunter2hunter2"}}});
  ASSERT_THAT(verdict.findings, SizeIs(2));
  for (const Finding& finding : verdict.findings) EXPECT_THAT(finding.what + finding.advice, Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace runward::harden::steps

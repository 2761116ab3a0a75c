// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/profile_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runward::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<RecordedCall> call_of(std::vector<std::string> argv) {
  return recorded_call(std::move(argv), "runward-record", "/tmp/id");
}

TEST(RecordedCall, HasRuntimeAndIdFilePutIn) {
  const auto call = call_of({"docker", "--host", "unix:///x", "run", "--rm", "nginx", "run"});
  ASSERT_TRUE(call) << call.error().message;
  EXPECT_THAT(call->argv, ElementsAre("docker", "--host", "unix:///x", "run", "--runtime=runward-record",
                                      "--cidfile=/tmp/id", "--rm", "nginx", "run"));
  EXPECT_EQ(call->id_file, "/tmp/id");
}

TEST(RecordedCall, KeepsTheUsersIdFile) {
  for (const std::vector<std::string>& given : {std::vector<std::string>{"docker", "run", "--cidfile=/my/id", "x"},
                                                {"docker", "run", "--cidfile", "/my/id", "x"}}) {
    const auto call = call_of(given);
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->id_file, "/my/id");
    EXPECT_EQ(call->argv.size(), given.size() + 1);
  }
}

TEST(RecordedCall, LeavesTheContainersOwnArgumentsAlone) {
  for (const std::vector<std::string>& flags : {std::vector<std::string>{"--rm", "--name", "a"},
                                                {"-di"},
                                                {"-itv", "/a:/b"},
                                                {"-v/a:/b", "--env=X=1"},
                                                {"-h", "host"}}) {
    std::vector<std::string> argv = {"docker", "run"};
    argv.insert(argv.end(), flags.begin(), flags.end());
    argv.insert(argv.end(), {"image", "program", "--runtime=x", "--cidfile", "/f", "-t"});
    const auto call = call_of(argv);
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->id_file, "/tmp/id");
    EXPECT_EQ(call->has_terminal, flags.front() == "-itv");
  }
  EXPECT_FALSE(call_of({"docker", "run", "--name", "a", "--runtime=x", "image"}));
}

TEST(RecordedCall, KnowsWhoseTheTerminalIs) {
  EXPECT_TRUE(call_of({"docker", "run", "-it", "x"})->has_terminal);
  EXPECT_TRUE(call_of({"docker", "run", "--tty", "x"})->has_terminal);
  EXPECT_FALSE(call_of({"docker", "run", "-d", "--rm", "x", "--test"})->has_terminal);
}

TEST(RecordedCall, AnotherRuntimeIsAUsageError) {
  for (const std::vector<std::string>& given : {std::vector<std::string>{"docker", "run", "--runtime=runc", "x"},
                                                {"docker", "run", "--runtime", "runc", "x"}}) {
    const auto call = call_of(given);
    ASSERT_FALSE(call);
    EXPECT_EQ(call.error().kind, ErrorKind::usage);
    EXPECT_THAT(call.error().message, HasSubstr("names a runtime"));
  }
}

TEST(RecordedCall, NeedsARun) {
  for (const std::vector<std::string>& given : {std::vector<std::string>{}, {"docker"}, {"docker", "ps"}, {"run", "x"}})
    EXPECT_FALSE(call_of(given));
}

TEST(Duration, IsANumberAndAUnit) {
  using std::chrono::seconds;
  EXPECT_EQ(parse_duration("90"), seconds(90));
  EXPECT_EQ(parse_duration("90s"), seconds(90));
  EXPECT_EQ(parse_duration("5m"), seconds(300));
  EXPECT_EQ(parse_duration("2h"), seconds(7200));
  for (const std::string wrong : {"", "0", "-1", "m", "5d", "5 m", "1.5h", "99999999999999999999"})
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
}

}  // namespace
}  // namespace runward::ctl

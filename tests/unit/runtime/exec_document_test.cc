// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/exec_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runward::runtime {
namespace {

using oci::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Argv = std::vector<std::string>;

const Value kOwn = {{"args", {"server"}},
                    {"env", {"PATH=/bin"}},
                    {"cwd", "/"},
                    {"terminal", true},
                    {"noNewPrivileges", true},
                    {"user", {{"uid", 5}, {"gid", 6}}},
                    {"capabilities", {{"bounding", {"CAP_CHOWN"}}}}};

Value process_of(const Argv& argv) {
  const auto call = parse_command_line(argv);
  EXPECT_TRUE(call) << (call ? "" : call.error().message);
  auto process = call ? process_from_flags(*call, kOwn) : Result<Value>(Value());
  EXPECT_TRUE(process) << (process ? "" : process.error().message);
  return process ? *process : Value();
}

std::string refusal(const Argv& argv) {
  const auto call = parse_command_line(argv);
  if (!call) return call.error().message;
  const auto process = process_from_flags(*call, kOwn);
  return process ? "(accepted)" : process.error().message;
}

TEST(ExecDocument, TakesTheContainersOwnProcessWithoutItsTerminal) {
  Value expected = kOwn;
  expected["args"] = {"ls", "-l"};
  expected["terminal"] = false;
  EXPECT_EQ(process_of({"runward", "exec", "id", "ls", "-l"}), expected);
}

TEST(ExecDocument, PutsEveryFlagWhereItBelongs) {
  const Value process = process_of({"runward",
                                    "exec",
                                    "-t",
                                    "--cwd",
                                    "/tmp",
                                    "-e",
                                    "A=1",
                                    "-e=B=2",
                                    "-u",
                                    "0:7",
                                    "-g",
                                    "8",
                                    "-g",
                                    "9",
                                    "--cap",
                                    "CAP_SYS_ADMIN",
                                    "--apparmor",
                                    "mine",
                                    "--process-label",
                                    "label",
                                    "--no-new-privs=false",
                                    "id",
                                    "sh"});
  EXPECT_EQ(process["terminal"], true);
  EXPECT_EQ(process["cwd"], "/tmp");
  EXPECT_EQ(process["env"], Value({"PATH=/bin", "A=1", "B=2"}));
  EXPECT_EQ(process["user"], Value({{"uid", 0}, {"gid", 7}, {"additionalGids", {8, 9}}}));
  EXPECT_EQ(process["capabilities"]["bounding"], Value({"CAP_CHOWN", "CAP_SYS_ADMIN"}));
  for (const char* const set : {"effective", "permitted", "inheritable", "ambient"})
    EXPECT_EQ(process["capabilities"][set], Value::array({"CAP_SYS_ADMIN"})) << set;
  EXPECT_EQ(process["apparmorProfile"], "mine");
  EXPECT_EQ(process["selinuxLabel"], "label");
  EXPECT_EQ(process["noNewPrivileges"], false);
}

TEST(ExecDocument, KeepsTheGroupWhenOnlyAUserIsGiven) {
  EXPECT_EQ(process_of({"runward", "exec", "--user", "0", "id", "sh"})["user"], Value({{"uid", 0}, {"gid", 6}}));
}

TEST(ExecDocument, RefusesWhatIsNoId) {
  for (const char* const user : {"root", "-1", "4294967296", "1:", ":1", "1:2:3", " 1", "1 "})
    EXPECT_THAT(refusal({"runward", "exec", std::string("--user=") + user, "id", "sh"}), HasSubstr("needs numbers"))
        << user;
  EXPECT_THAT(refusal({"runward", "exec", "-g", "audio", "id", "sh"}), HasSubstr("needs numbers"));
  EXPECT_THAT(refusal({"runward", "exec", "id"}), HasSubstr("needs a command"));
}

TEST(ExecDocument, WritesTheCallAnew) {
  const Argv argv = {"runward",
                     "--root",
                     "/r",
                     "--log",
                     "/l",
                     "exec",
                     "-process",
                     "/tmp/p",
                     "--cap",
                     "CAP_A",
                     "--detach",
                     "-pid-file",
                     "/pid",
                     "--user",
                     "0",
                     "-e",
                     "A=1",
                     "--tty",
                     "--preserve-fds",
                     "2",
                     "--no-new-privs=false",
                     "id",
                     "ignored"};
  const auto call = parse_command_line(argv);
  ASSERT_TRUE(call);
  EXPECT_THAT(with_process(*call, argv, "/proc/self/fd/7"),
              ElementsAre("runward", "--root", "/r", "--log", "/l", "exec", "--process=/proc/self/fd/7", "--detach",
                          "--pid-file=/pid", "--preserve-fds=2", "id"));
}

TEST(WithProcess, LetsTheLastOfASwitchCountAsRuncDoes) {
  const Argv argv = {"runward", "exec", "--process", "/p", "--detach", "--detach=false", "--ignore-paused", "id"};
  const auto call = parse_command_line(argv);
  ASSERT_TRUE(call);
  EXPECT_THAT(with_process(*call, argv, "/f"), ElementsAre("runward", "exec", "--process=/f", "--ignore-paused", "id"));
}

}  // namespace
}  // namespace runward::runtime

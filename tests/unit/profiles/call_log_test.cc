// SPDX-License-Identifier: Apache-2.0
#include "profiles/recorder/call_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <vector>

#include "profiles/recorder/call_names.h"

namespace runward::profiles::record {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr std::uint32_t kContainer = 5, kExec = 6, kAnothers = 7;

Session find_session(std::uint32_t number) {
  if (number == kContainer) return Session::containers;
  return number == kExec ? Session::execs : Session::others;
}

// A record on x86-64, of the container unless it is said otherwise.
struct Made {
  pid_t pid = 10;
  std::string call = "read";
  std::string command = "sh";
  std::string executable = "/bin/busybox";
  std::uint32_t session = kContainer;
  std::uint32_t user = 0;
  std::uint32_t action = SECCOMP_RET_LOG;
};

audit::Record record_of(const Made& made) {
  audit::Record record;
  record.pid = made.pid;
  record.user = made.user;
  record.group = made.user;
  record.command = made.command;
  record.executable = made.executable;
  record.session = made.session;
  record.what = audit::FilteredCall{
      .architecture = AUDIT_ARCH_X86_64, .number = number_of_call(made.call, "x86_64").value(), .action = made.action};
  return record;
}

const Made kInit = {.pid = 1, .call = "write", .command = "runc:[2:INIT]", .executable = "/usr/sbin/runc"};
Made with_call(Made made, const std::string& call) {
  made.call = call;
  return made;
}

CallLog log_of(const std::vector<Made>& all) {
  CallLog log(&find_session);
  for (const Made& made : all) log.take(record_of(made));
  return log;
}

std::map<Phase, CallsByArchitecture> calls_of(const CallLog& log) {
  ExecutableNames names({}, UniqueFd());
  return log.calls(names);
}

// "phase call executable×count"
std::vector<std::string> lines_of(const CallLog& log) {
  std::vector<std::string> lines;
  for (const auto& [phase, architectures] : calls_of(log))
    for (const auto& [architecture, calls] : architectures)
      for (const auto& [name, call] : calls)
        for (const auto& [executable, count] : call.executables)
          lines.push_back(std::string(name_of(phase)) + " " + name + " " + executable + "*" + std::to_string(count));
  return lines;
}

TEST(CallLog, TheRuntimesCallsEndWithTheExecveThatSucceeds) {
  const CallLog log = log_of({kInit,
                              with_call(kInit, "execve"),
                              with_call(kInit, "close"),
                              with_call(kInit, "execve"),
                              {.pid = 1, .call = "brk", .command = "sh"},
                              {.pid = 1, .call = "execve", .command = "sh"},
                              {.pid = 1, .call = "brk", .command = "cat"},
                              {.pid = 2, .call = "close"}});
  EXPECT_THAT(lines_of(log),
              ElementsAre("runtime_start close [runc:[2:INIT]]*1", "runtime_start execve [runc:[2:INIT]]*2",
                          "runtime_start write [runc:[2:INIT]]*1", "application brk /bin/busybox*2",
                          "application close /bin/busybox*1", "application execve /bin/busybox*1"));
  EXPECT_TRUE(log.has_begun());
  EXPECT_FALSE(log_of({kInit, with_call(kInit, "execve")}).has_begun());
}

TEST(CallLog, AnExecIsAPhaseOfItsOwnWithItsChildren) {
  Made entering = kInit;
  entering.pid = 20;
  entering.session = kExec;
  const CallLog log = log_of({with_call(entering, "execve"),
                              {.pid = 20, .call = "brk", .session = kExec},
                              {.pid = 21, .call = "sync", .session = kExec}});
  EXPECT_THAT(lines_of(log), ElementsAre("runtime_start execve [runc:[2:INIT]]*1", "exec brk /bin/busybox*1",
                                         "exec sync /bin/busybox*1"));
}

TEST(CallLog, WhatIsOfOtherSessionsOrRefusedIsNotInIt) {
  audit::Record without = record_of({});
  without.session.reset();
  CallLog log = log_of({{.session = kAnothers}, {.action = SECCOMP_RET_ERRNO}, {.action = SECCOMP_RET_KILL_PROCESS}});
  log.take(without);
  EXPECT_THAT(calls_of(log), IsEmpty());
  EXPECT_EQ(log.distinct(), 0U);
}

TEST(CallLog, AsksForASessionOnce) {
  int asked = 0;
  CallLog log([&](std::uint32_t) {
    ++asked;
    return Session::others;
  });
  for (int i = 0; i < 3; ++i) log.take(record_of({.session = kAnothers}));
  EXPECT_EQ(asked, 1);
}

// Any process that may write its login id begins as many as it likes.
TEST(CallLog, ForgetsSessionsOfOthersWhereThereAreVeryMany) {
  std::map<std::uint32_t, int> asked;
  CallLog log([&](std::uint32_t number) {
    ++asked[number];
    return find_session(number);
  });
  for (std::uint32_t number = kContainer; number < 20'000; ++number) log.take(record_of({.session = number}));
  for (const std::uint32_t number : {kContainer, kExec, kAnothers}) log.take(record_of({.session = number}));
  EXPECT_EQ(asked[kContainer], 1);
  EXPECT_EQ(asked[kExec], 1);
  EXPECT_EQ(asked[kAnothers], 2);
}

TEST(CallLog, TellsTheAbis) {
  audit::Record record = record_of({.pid = 2});
  const auto take = [&](std::uint32_t architecture, std::uint32_t number, CallLog& log) {
    record.what = audit::FilteredCall{.architecture = architecture, .number = number, .action = SECCOMP_RET_LOG};
    log.take(record);
  };
  CallLog log = log_of({kInit});
  take(AUDIT_ARCH_I386, 20, log);
  take(AUDIT_ARCH_X86_64, 0x40000000 | 39, log);
  take(AUDIT_ARCH_X86_64, 1234, log);
  const auto calls = calls_of(log).at(Phase::application);
  EXPECT_EQ(calls.at("x86").count("getpid"), 1U);
  EXPECT_EQ(calls.at("x32").count("getpid"), 1U);
  EXPECT_EQ(calls.at("x86_64").count("#1234"), 1U);
}

// As the entry point that begins as root and goes on as another.
TEST(CallLog, AProcesssUserIsTheLatestOneAndNotTheRuntimes) {
  const CallLog log = log_of({kInit,
                              {.pid = 2, .user = 0},
                              {.pid = 2, .user = 33},
                              {.pid = 3, .call = "exit_group", .user = 1000},
                              {.pid = 3, .user = 7}});
  EXPECT_THAT(log.users(), UnorderedElementsAre(User{33, 33}, User{1000, 1000}, User{7, 7}));
}

TEST(CallLog, KnowsTheNamesOfThoseThatHaveEnded) {
  const CallLog log = log_of({kInit, {.pid = 2, .call = "exit_group", .command = "cat"}});
  EXPECT_EQ(log.name_of(2), "busybox");
  EXPECT_EQ(log.name_of(3), "");
}

// With prctl(PR_SET_NAME), or as a thread's name.
TEST(CallLog, AProcessIsNotKnownByWhatItCallsItself) {
  const CallLog log = log_of({kInit, {.pid = 2, .command = "evil", .executable = "/usr/sbin/a-rather-long-name"}});
  EXPECT_EQ(log.name_of(2), "a-rather-long-n");
  EXPECT_EQ(log.name_of(kInit.pid), kInit.command);
}

TEST(CallLog, WhatHasNoRoomIsCountedAsLost) {
  constexpr int kMany = 40'000;
  CallLog log = log_of({kInit});
  for (int i = 0; i < kMany; ++i) log.take(record_of({.pid = 2, .executable = "/" + std::to_string(i)}));
  EXPECT_GT(log.lost().calls, 1000U);
  EXPECT_EQ(log.lost().calls + calls_of(log).at(Phase::application).at("x86_64").at("read").count, kMany);
  // The names take no more than so many bytes.
  CallLog long_names = log_of({kInit});
  for (int i = 0; i < 10'000; ++i)
    long_names.take(record_of({.pid = 2, .executable = "/" + std::to_string(i) + std::string(4000, 'x')}));
  EXPECT_GT(long_names.lost().calls, 5000U);
}

TEST(CallLog, ForgetsProcessesThatHaveEndedAndNoOthers) {
  constexpr pid_t kMany = 100'000;
  CallLog ended = log_of({kInit});
  for (pid_t pid = 2; pid < kMany; ++pid) ended.take(record_of({.pid = pid, .call = "exit_group"}));
  EXPECT_EQ(ended.lost(), Lost());
  CallLog living = log_of({kInit});
  for (pid_t pid = 2; pid < kMany; ++pid) living.take(record_of({.pid = pid}));
  EXPECT_GT(living.lost().processes, 0U);
}

}  // namespace
}  // namespace runward::profiles::record

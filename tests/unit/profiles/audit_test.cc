// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>

#include "profiles/audit/denial.h"
#include "profiles/audit/listener.h"
#include "profiles/audit/past.h"
#include "profiles/audit/record.h"

namespace runward::profiles::audit {
namespace {

using testing::HasSubstr;

// The lines of example.audit.log, by number from 1.
std::string example(int number) {
  std::ifstream file(RUNWARD_SOURCE_DIR "/tests/unit/profiles/example.audit.log");
  std::string line;
  while (number-- > 0) std::getline(file, line);
  return line;
}

Record parsed(std::uint16_t type, const std::string& text) {
  const auto record = parse_record(type, text);
  EXPECT_TRUE(record) << (record ? "" : record.error().message);
  EXPECT_TRUE(record && *record) << text;
  return record && *record ? **record : Record();
}

std::string what_of(int number) {
  return describe(parsed(number <= 2 ? kSeccompType : kApparmorType, example(number)), "runward-web").what;
}
std::string line_for(int number) {
  return describe(parsed(number <= 2 ? kSeccompType : kApparmorType, example(number)), "runward-web").line;
}

TEST(AuditRecord, TellsWhoCalledWhat) {
  const Record record = parsed(kSeccompType, example(1));
  EXPECT_EQ(record.time_ms, 1795654705804);
  EXPECT_EQ(record.serial, 17743U);
  EXPECT_EQ(record.pid, 22661);
  EXPECT_EQ(record.user, 0U);
  EXPECT_EQ(record.group, 0U);
  EXPECT_EQ(record.command, "python3");
  EXPECT_EQ(record.executable, "/usr/bin/python3.11");
  EXPECT_EQ(record.session, std::nullopt);
  const auto& call = std::get<FilteredCall>(record.what);
  EXPECT_EQ(call.architecture, 0xc000003eU);
  EXPECT_EQ(call.number, 110U);
  EXPECT_EQ(call.action, 0x7ffc0000U);
}

TEST(AuditRecord, NamesInHexadecimalAreBytes) {
  const Record record = parsed(kSeccompType, example(2));
  EXPECT_EQ(record.command, "a b");
  EXPECT_EQ(record.executable, "/tmp/a b");
  EXPECT_EQ(record.session, 7U);
  EXPECT_EQ(record.label, "runward-web");
}

TEST(AuditRecord, ALabelMayHaveItsModeBehindIt) {
  const Record record =
      parsed(kSeccompType,
             "audit(1.000:1): auid=1 uid=0 gid=0 ses=1 subj==web (enforce) pid=3 comm=\"a\" exe=(null) "
             "sig=0 arch=c000003e syscall=1 compat=0 ip=0x1 code=0x50000");
  EXPECT_EQ(record.label, "web");
  EXPECT_EQ(record.executable, "");
}

// What a container's process calls itself makes no difference.
TEST(AuditRecord, OnlyAListenersOwnCallIsASign) {
  const auto of = [](int call, const char* code) {
    return parsed(kSeccompType,
                  "audit(1.000:1): auid=1 uid=0 gid=0 ses=1 pid=3 comm=\"runwardctl\" exe=\"/x\" sig=0 "
                  "arch=c000003e syscall=" +
                      std::to_string(call) + " compat=0 ip=0x1 code=" + code);
  };
  EXPECT_TRUE(may_be_sign(of(SYS_getppid, "0x7ffc0000")));
  EXPECT_FALSE(may_be_sign(of(SYS_getppid, "0x80000000")));  // killed
  EXPECT_FALSE(may_be_sign(of(SYS_getppid + 1, "0x7ffc0000")));
}

TEST(AuditRecord, TellsOfAnAccess) {
  const Record record = parsed(kApparmorType, example(4));
  EXPECT_EQ(record.label, "runward-web");
  const auto& access = std::get<RefusedAccess>(record.what);
  EXPECT_TRUE(access.allowed);
  EXPECT_EQ(access.operation, "exec");
  EXPECT_EQ(access.name, "/usr/bin/id");
  EXPECT_EQ(access.denied, "x");
}

TEST(AuditRecord, OthersAreNone) {
  for (const auto& [type, text] : {std::pair<std::uint16_t, std::string>{kApparmorType, example(10)},
                                   {1300, example(1)},
                                   {kApparmorType, "audit(1.000:1): apparmor=\"STATUS\" operation=\"profile_load\""}}) {
    const auto record = parse_record(type, text);
    ASSERT_TRUE(record) << record.error().message;
    EXPECT_FALSE(*record) << text;
  }
}

// A container chooses names; what looks like a field in one must never become a field.
TEST(AuditRecord, WhatTheKernelDoesNotWriteIsAnError) {
  const std::string good = example(1);
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& text :
       {with("comm=\"python3\"", "comm=\"python3\" pid=1"), with("comm=\"python3\"", "comm=\"py\"thon\""),
        with("comm=\"python3\"", "comm=\"python3"), with("comm=\"python3\"", "comm=6"),
        with("comm=\"python3\"", "comm=xy"), with("comm=\"python3\"", "comm=\"py\nthon\""),
        with("pid=22661", "pid=4294967296"), with("pid=22661", "pid="), with("pid=22661 ", ""),
        with("syscall=110", "syscall=x"), with("code=0x7ffc0000", "code=0x1ffffffff"),
        with("ses=4294967295 ", "ses=4294967295 word "), with("1795654705.804", "1795654705.80"), with(":17743", ""),
        good + std::string(kMaxRecordBytes, ' '), std::string("audit("), std::string()}) {
    EXPECT_FALSE(parse_record(kSeccompType, text)) << text;
  }
}

TEST(AuditLine, OfTheKernelsLogAndOfAuditd) {
  const auto kernels = parse_line("audit: type=1326 " + example(1));
  ASSERT_TRUE(kernels && *kernels);
  EXPECT_EQ((*kernels)->pid, 22661);
  const auto daemons = parse_line("type=SECCOMP msg=" + example(1) +
                                  "\x1d"
                                  "ARCH=x86_64 SYSCALL=getppid");
  ASSERT_TRUE(daemons && *daemons);
  EXPECT_EQ((*daemons)->pid, 22661);
  const auto access = parse_line("type=AVC msg=" + example(3));
  ASSERT_TRUE(access && *access);
  for (const char* const text : {"docker0: port 1 entered disabled state", "x type=1326 audit(1.000:1): pid=1",
                                 "audit: type=1326audit(1.000:1): pid=1"}) {
    const auto other = parse_line(text);
    ASSERT_TRUE(other);
    EXPECT_FALSE(*other) << text;
  }
}

TEST(KernelLog, OnlyWhatTheKernelSays) {
  EXPECT_EQ(kernel_text("6,12,34,-;audit: x\n SUBSYSTEM=y\n"), "audit: x");
  EXPECT_EQ(kernel_text("14,12,34,-;audit: x\n"), std::nullopt);  // user.info: of whoever may write there
  EXPECT_EQ(kernel_text("audit: x"), std::nullopt);
  EXPECT_EQ(kernel_text("6;audit: x"), std::nullopt);
}

TEST(Denial, OfACall) {
  EXPECT_EQ(what_of(1), "system call getppid");
  EXPECT_EQ(line_for(1), R"({ "names": ["getppid"], "action": "SCMP_ACT_ALLOW" })");
  const Denial denial = describe(parsed(kSeccompType, example(2)), "");
  EXPECT_EQ(denial.what, "system call getpid (i386)");
  EXPECT_TRUE(denial.ended_process);
  EXPECT_EQ(denial.line, "");
  EXPECT_THAT(denial.remark, HasSubstr("another architecture"));
}

TEST(Denial, OfAnAccess) {
  EXPECT_EQ(what_of(3), "file /etc/shadow: read");
  EXPECT_EQ(line_for(3), "/etc/shadow r,");
  EXPECT_EQ(what_of(4), "file /usr/bin/id: execute");
  EXPECT_EQ(line_for(4), "/usr/bin/id rix,");
  EXPECT_EQ(what_of(5), "capability net_raw");
  EXPECT_EQ(line_for(5), "capability net_raw,");
  EXPECT_EQ(what_of(6), "network packet raw");
  EXPECT_EQ(line_for(6), "network packet raw,");
  EXPECT_EQ(what_of(7), "signal term: send, unconfined");
  EXPECT_EQ(what_of(8), "ptrace: read, runward-web");
  EXPECT_EQ(what_of(9), "mount /mnt/");
  EXPECT_EQ(line_for(9), "");
}

// A profile that is tried out has another name than the one that the rule is for.
TEST(Denial, APeerOfTheSameContainerHasTheProfilesOwnName) {
  const Record record =
      parsed(kApparmorType,
             "audit(1.000:1): apparmor=\"ALLOWED\" operation=\"signal\" profile=\"runward-verify-x\" pid=1 "
             "comm=\"sh\" requested_mask=\"send\" denied_mask=\"send\" signal=term "
             "peer=\"runward-verify-x//null-/bin/sh\"");
  EXPECT_THAT(describe(record, "runward-web").line, HasSubstr("peer=\"runward-web\""));
}

TEST(Denial, AHostileNameBecomesOneRuleForThatFile) {
  // "/tmp/a rw,\n/** rwx,\"": in hexadecimal digits, as the kernel writes it
  const Record record = parsed(kApparmorType,
                               "audit(1.000:1): apparmor=\"DENIED\" operation=\"open\" profile=\"runward-web\" "
                               "name=2F746D702F612072772C0A2F2A2A207277782C22 pid=1 comm=\"sh\" requested_mask=\"w\" "
                               "denied_mask=\"w\" fsuid=0 ouid=0");
  const Denial denial = describe(record, "");
  EXPECT_EQ(denial.what, R"(file /tmp/a rw,\x0a/** rwx,": write)");
  EXPECT_EQ(denial.line.find('\n'), std::string::npos);
  ASSERT_TRUE(denial.rule);
  EXPECT_TRUE(std::get<apparmor::FileRule>(denial.rule->body).path->is_exact());
}

// Where this machine lets us listen, all that was made before is read, whoever else makes records meanwhile.
TEST(Listener, HearsUpToNow) {
  auto listener = Listener::open();
  if (!listener) GTEST_SKIP() << listener.error().message;
  for (int i = 0; i < 3; ++i) {
    const Status heard = read_up_to_now(*listener, [](const Batch& batch) { EXPECT_EQ(batch.unreadable, 0U); });
    ASSERT_TRUE(heard) << heard.error().message;
  }
}

}  // namespace
}  // namespace runward::profiles::audit

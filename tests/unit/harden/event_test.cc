// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/event.h"

#include <gtest/gtest.h>

#include <chrono>

namespace runward::harden {
namespace {

using oci::Pointer;
using oci::Value;

EventContext context() {
  return {.time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::nanoseconds(5),
          .engine = "moby",
          .container = "c",
          .image = "",
          .bundle = "/b",
          .command = "create",
          .profile = "default",
          .selected = "by default",
          .policy_hash = "0123"};
}

Outcome outcome_with(Verdict verdict) {
  return {.rule = policy::RuleId::rootfs, .mode = policy::Mode::enforce, .verdict = std::move(verdict)};
}

policy::Policy default_policy() {
  policy::Policy policy;
  policy.profile = "default";
  return policy;
}

TEST(EventLine, IsOneObjectWithAllOfTheContext) {
  const std::string line = event_line(context(), Report(), default_policy());
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(Value::parse(line), (Value{{"time", "2026-11-22T00:00:00.000000005Z"},
                                       {"engine", "moby"},
                                       {"container", "c"},
                                       {"bundle", "/b"},
                                       {"command", "create"},
                                       {"profile", "default"},
                                       {"selected", "by default"},
                                       {"policy_hash", "0123"},
                                       {"decision", "allowed"},
                                       {"rules", Value::array()}}));
}

TEST(EventLine, TellsEachChange) {
  const Value document = {{"root", {{"readonly", false}}}};
  Verdict verdict;
  verdict.set(document, Pointer("/root/readonly"), true, "writes go to volumes");
  verdict.insert(Pointer("/mounts"), 0, {{"destination", "/tmp"}}, "scratch");
  verdict.remove(document, Pointer("/root"), "gone");
  const Value line = Value::parse(event_line(context(), {.outcomes = {outcome_with(verdict)}}, default_policy()));
  ASSERT_EQ(line["rules"].size(), 1U);
  const Value& rule = line["rules"][0];
  EXPECT_EQ(rule["rule"], "rootfs");
  EXPECT_EQ(rule["mode"], "enforce");
  EXPECT_EQ(rule["findings"], Value::array());
  EXPECT_EQ(rule["changes"][0], (Value{{"operation", "set"},
                                       {"pointer", "/root/readonly"},
                                       {"before", false},
                                       {"after", true},
                                       {"reason", "writes go to volumes"}}));
  EXPECT_EQ(rule["changes"][1]["operation"], "insert");
  EXPECT_EQ(rule["changes"][1]["after"], (Value{{"destination", "/tmp"}}));
  EXPECT_FALSE(rule["changes"][1].contains("before"));
  EXPECT_EQ(rule["changes"][2]["operation"], "remove");
  EXPECT_EQ(rule["changes"][2]["before"], (Value{{"readonly", false}}));
  EXPECT_FALSE(rule["changes"][2].contains("after"));
}

TEST(EventLine, HasTheMessageOfARefusal) {
  Verdict verdict;
  verdict.refuse(Pointer("/root"), "a root", "leave it out");
  verdict.notice(Pointer("/mounts"), "a mount", "look at it");
  const Report report{.outcomes = {outcome_with(verdict)}};
  const Value line = Value::parse(event_line(context(), report, default_policy()));
  EXPECT_EQ(line["decision"], "refused");
  EXPECT_EQ(line["message"], refusal_message(report, default_policy()));
  const Value& findings = line["rules"][0]["findings"];
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0]["severity"], "violation");
  EXPECT_EQ(findings[0]["pointer"], "/root");
  EXPECT_EQ(findings[1]["severity"], "notice");
}

TEST(EventLine, TellsOfWhatIsLongOnlyHowLongItIs) {
  Value calls = Value::array();
  for (int i = 0; i < 200; ++i) calls.push_back("call");
  Verdict verdict;
  verdict.set(Value::object(), Pointer("/a"), calls, "as long as may be");
  calls.push_back("one more");
  verdict.set(Value::object(), Pointer("/b"), calls, "too long");
  const Value line = Value::parse(event_line(context(), {.outcomes = {outcome_with(verdict)}}, default_policy()));
  EXPECT_EQ(line["rules"][0]["changes"][0]["after"].size(), 200U);
  EXPECT_EQ(line["rules"][0]["changes"][1]["after"], (Value{{"elided", 201}}));
}

TEST(EventLine, ReplacesWhatIsNoUtf8) {
  EventContext odd = context();
  odd.image = "na\xffme";
  odd.bundle = "/b\n\"\\";
  Verdict verdict;
  verdict.set(Value::object(), Pointer("/a"), Value{{"k\xfe", "v\xff"}}, "because");
  const Value line = Value::parse(event_line(odd, {.outcomes = {outcome_with(verdict)}}, default_policy()));
  EXPECT_EQ(line["image"], "na\uFFFDme");
  EXPECT_EQ(line["bundle"], "/b\n\"\\");
  EXPECT_EQ(line["rules"][0]["changes"][0]["after"], (Value{{"k\uFFFD", "v\uFFFD"}}));
}

TEST(ErrorEventLine, HasTheMessageAndNoRules) {
  const Value line = Value::parse(error_event_line(context(), "it is broken"));
  EXPECT_EQ(line["decision"], "error");
  EXPECT_EQ(line["message"], "it is broken");
  EXPECT_EQ(line["rules"], Value::array());
}

TEST(OutcomeToJson, IsWhatTheEventHas) {
  Verdict verdict;
  verdict.refuse(Pointer("/root"), "a root", "leave it out");
  verdict.set(Value::object(), Pointer("/a"), 1, "because");
  const Outcome outcome = outcome_with(verdict);
  const Value line = Value::parse(event_line(context(), {.outcomes = {outcome}}, default_policy()));
  EXPECT_EQ(to_json(outcome, "default"), line["rules"][0]);
}

}  // namespace
}  // namespace runward::harden

// SPDX-License-Identifier: Apache-2.0
#include "seccomp/data/risks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <seccomp.h>

#include <algorithm>
#include <regex>
#include <set>
#include <string>

namespace runward::seccomp {
namespace {

std::uint32_t arch_of(Entry entry) {
  return entry == Entry::i386 ? SCMP_ARCH_X86 : entry == Entry::x32 ? SCMP_ARCH_X32 : SCMP_ARCH_X86_64;
}

TEST(Risks, AreAtLeastEightyWithAnIdEach) {
  std::set<std::string_view> ids;
  for (const Risk& risk : risks()) EXPECT_TRUE(ids.insert(risk.id).second) << risk.id << " twice";
  EXPECT_GE(ids.size(), 80U);
}

TEST(Risks, HaveIdsThatCanBeQuoted) {
  const std::regex form("[a-z0-9_]+(-[a-z0-9_]+)*");
  for (const Risk& risk : risks()) EXPECT_TRUE(std::regex_match(std::string(risk.id), form)) << risk.id;
}

TEST(Risks, NameCallsThatExistWhereTheyEnter) {
  for (const Risk& risk : risks())
    EXPECT_GE(::seccomp_syscall_resolve_name_arch(arch_of(risk.entry), std::string(risk.syscall).c_str()), 0)
        << risk.id << ": " << risk.syscall;
}

TEST(Risks, SayInOneSentenceWhatTheyOpen) {
  for (const Risk& risk : risks()) {
    EXPECT_GE(risk.opens.size(), 10U) << risk.id;
    EXPECT_FALSE(risk.opens.ends_with('.')) << risk.id;
    EXPECT_EQ(risk.opens.find('\n'), std::string_view::npos) << risk.id;
  }
}

TEST(Risks, NameVulnerabilitiesByTheirNumberAndEachOnce) {
  const std::regex form("CVE-(199[9]|20[0-9]{2})-[0-9]{4,7}");
  for (const Risk& risk : risks()) {
    std::set<std::string_view> seen;
    bool ended = false;
    for (const std::string_view cve : risk.cves) {
      if (cve.empty()) {
        ended = true;
        continue;
      }
      EXPECT_FALSE(ended) << risk.id << ": a gap before " << cve;
      EXPECT_TRUE(std::regex_match(std::string(cve), form)) << risk.id << ": " << cve;
      EXPECT_TRUE(seen.insert(cve).second) << risk.id << ": " << cve << " twice";
    }
  }
}

TEST(Risks, AreNotTheSameCallTwice) {
  std::set<std::tuple<Entry, std::string_view, std::array<std::uint64_t, 6>>> calls;
  for (const Risk& risk : risks())
    EXPECT_TRUE(calls.emplace(risk.entry, risk.syscall, risk.arguments).second) << risk.id;
}

TEST(Risks, GoByEveryDoorAndAreOfEveryKind) {
  for (const Entry entry : {Entry::native, Entry::x32, Entry::i386}) {
    EXPECT_TRUE(std::ranges::any_of(risks(), [&](const Risk& risk) { return risk.entry == entry; })) << name_of(entry);
    EXPECT_FALSE(name_of(entry).empty());
  }
  for (const RiskKind kind : {RiskKind::escape, RiskKind::lpe, RiskKind::info, RiskKind::dos}) {
    EXPECT_TRUE(std::ranges::any_of(risks(), [&](const Risk& risk) { return risk.kind == kind; })) << name_of(kind);
    EXPECT_FALSE(name_of(kind).empty());
  }
}

}  // namespace
}  // namespace runward::seccomp

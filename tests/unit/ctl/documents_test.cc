// SPDX-License-Identifier: Apache-2.0

// What the program's tables say is what its documents say: man pages, completion, help.

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "shim/ctl/check_config.h"
#include "shim/ctl/command.h"
#include "shim/ctl/doctor/check.h"
#include "shim/ctl/options.h"
#include "shim/ctl/rules.h"
#include "shim/policy/profile_parser.h"
#include "shim/policy/store.h"

namespace runward::ctl {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

std::string read(const std::string& path) {
  std::ifstream file(std::string(RUNWARD_SOURCE_DIR) + "/" + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The words after `macro` at the beginning of a line, as ".It Cm rules".
std::vector<std::string> items(const std::string& text, const std::string& macro) {
  std::vector<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(macro))
      found.push_back(line.substr(macro.size(), line.find(' ', macro.size()) - macro.size()));
  return found;
}

TEST(ManPages, PolicyNamesEveryRuleInOrderWithItsSummary) {
  const std::string page = read("shim/doc/runward-policy.5");
  std::vector<std::string> names;
  for (const policy::Rule& rule : policy::kRules) {
    names.emplace_back(rule.name);
    EXPECT_THAT(page, HasSubstr(".It Ic " + names.back() + "\n" + std::string(rule.summary) + "\n"));
  }
  EXPECT_THAT(items(page, ".It Ic "), ElementsAreArray(names));
}

TEST(ManPages, PolicyNamesEverySettingOfProfileAndHost) {
  const std::string page = read("shim/doc/runward-policy.5");
  std::vector<policy::KnownKey> keys = policy::profile_keys();
  for (const policy::KnownKey& key : policy::config_keys()) keys.push_back(key);
  for (const policy::KnownKey& key : keys) {
    if (key.section == "*" || key.section.empty() || key.section == "rlimits") continue;
    EXPECT_THAT(page, HasSubstr(std::string(key.section) + "." + std::string(key.name)));
  }
}

TEST(ManPages, RunwardctlNamesEveryCommandAndOption) {
  const std::string page = read("shim/doc/runwardctl.8");
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    names.emplace_back(command.name);
    const std::size_t begin = page.find(".It Cm " + names.back());
    ASSERT_NE(begin, std::string::npos) << names.back();
    const std::string section = page.substr(begin, page.find(".It Cm ", begin + 1) - begin);
    for (const OptionRow& option : command.options)
      EXPECT_THAT(section, HasSubstr("Fl Fl " + std::string(option.name))) << names.back();
  }
  // Of a command of two words, items() has the first.
  for (std::string& name : names) name = name.substr(0, name.find(' '));
  EXPECT_THAT(items(page, ".It Cm "), ElementsAreArray(names));
}

TEST(ManPages, RunwardctlNamesEveryCheckOfDoctorInOrderWithItsTitle) {
  const std::string page = read("shim/doc/runwardctl.8");
  std::vector<std::string> ids;
  for (const doctor::Check& check : doctor::checks()) {
    ids.emplace_back(check.id);
    EXPECT_THAT(page, HasSubstr(".It Ic " + ids.back() + "\n" + std::string(check.title) + ":\n"));
  }
  EXPECT_THAT(items(page, ".It Ic "), ElementsAreArray(ids));
}

TEST(Completion, KnowsEveryCommandWithItsOptions) {
  const std::string script = read("shim/ctl/completion/runwardctl");
  for (const Command& command : commands()) {
    std::string options;
    for (const OptionRow& option : command.options)
      options += (options.empty() ? "--" : " --") + std::string(option.name);
    EXPECT_THAT(script, HasSubstr("[" + std::string(command.name) + "]='" + options + "'\n"));
  }
}

TEST(Options, HelpNamesEveryOption) {
  for (const Command& command : commands())
    for (const OptionRow& option : command.options)
      EXPECT_THAT(help_of(command), HasSubstr("--" + std::string(option.name)));
}

TEST(Options, WhatTheTableDoesNotHaveIsAUsageError) {
  const auto error_of = [](const std::vector<std::string>& arguments) {
    const auto given = parse_options(*find_command("rules"), arguments);
    return given ? ErrorKind::internal : given.error().kind;
  };
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--nope"},
                                                {"word"},
                                                {"--profile"},
                                                {"--prof", "x"},
                                                {"--profile", "a", "--profile", "b"}})
    EXPECT_EQ(error_of(wrong), ErrorKind::usage) << wrong[0];
}

TEST(Options, AreReadInBothSpellings) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--profile", "strict"}, {"--profile=strict"}}) {
    const auto given = parse_options(*find_command("rules"), arguments);
    ASSERT_TRUE(given) << given.error().message;
    EXPECT_EQ(given->value("profile"), "strict");
  }
}

TEST(Rules, ListEveryRuleInOrder) {
  const auto policy = policy::load_policy("/nonexistent", "default", policy::Config());
  ASSERT_TRUE(policy);
  const oci::Value rules = rules_of(*policy);
  ASSERT_EQ(rules.size(), policy::kRules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) EXPECT_EQ(rules[i]["rule"], policy::kRules[i].name);
  EXPECT_EQ(rules[0]["mode"], "enforce");
}

TEST(CheckConfig, FindsNothingWrongWithTheShippedProfiles) {
  const auto all = check_config("/nonexistent", std::nullopt);
  ASSERT_TRUE(all);
  EXPECT_GE(all->size(), 4U);
  for (const Checked& one : *all) EXPECT_EQ(one.problem, "") << one.what;
}

TEST(CheckConfig, NamesAProfileThatIsMissing) {
  const auto all = check_config("/nonexistent", "nope");
  ASSERT_TRUE(all);
  EXPECT_THAT(all->back().problem, HasSubstr("unknown profile 'nope'"));
}

}  // namespace
}  // namespace runward::ctl

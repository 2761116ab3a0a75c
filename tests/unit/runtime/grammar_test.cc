// SPDX-License-Identifier: Apache-2.0
//
// Our table against the help of the runc that is installed, and our reading of a call against what that runc does.
#include "shim/runtime/grammar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "shim/runtime/capture.h"
#include "shim/runtime/command_line.h"
#include "shim/runtime/low_level.h"

namespace runward::runtime {
namespace {

using ::testing::HasSubstr;

struct HelpRow {
  std::vector<std::string> names;
  bool takes_value = false;
};

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// "   --bundle value, -b value  path to …" → {{"bundle", "b"}, true}
HelpRow help_row(std::string_view line) {
  HelpRow row;
  line.remove_prefix(3);
  std::string_view left = line.substr(0, line.find("  "));
  row.takes_value = left.find(" value") != std::string_view::npos;
  while (!left.empty()) {
    left.remove_prefix(std::min(left.find_first_not_of("- "), left.size()));
    const auto end = std::min(left.find_first_of(" ,"), left.size());
    row.names.emplace_back(left.substr(0, end));
    left.remove_prefix(std::min(left.find('-', end), left.size()));
  }
  return row;
}

std::vector<HelpRow> options_in_help(const std::string& help) {
  std::vector<HelpRow> rows;
  for (const std::string& line : lines_of(help))
    if (line.starts_with("   -") && !line.starts_with("   - ")) rows.push_back(help_row(line));
  return rows;
}

class RealRunc : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* const path = std::getenv("PATH");  // put a newer runc in front to check that one
    auto found = find_low_level("runc", path == nullptr ? "" : path);
    if (!found) GTEST_SKIP() << "no runc here: " << found.error().message;
    path_ = found->path;
  }

  [[nodiscard]] std::string output(const std::vector<std::string>& arguments) const {
    auto captured = run_and_capture(path_, arguments);
    EXPECT_TRUE(captured) << (captured ? "" : captured.error().message);
    return captured ? captured->output : "";
  }

  void expect_known(std::span<const Option> options, const std::string& help) const {
    for (const HelpRow& row : options_in_help(help)) {
      for (const std::string& name : row.names) {
        const Option* const option = find_option(options, name);
        ASSERT_NE(option, nullptr) << name;
        EXPECT_EQ(option->takes == Takes::value, row.takes_value) << name;
        EXPECT_EQ(option->name, row.names.front());
      }
    }
  }

  std::string path_;
};

TEST_F(RealRunc, HasNoGlobalOptionThatWeDoNotKnow) {
  const std::string help = output({"--help"});
  ASSERT_GE(options_in_help(help).size(), 8U) << help;
  expect_known(global_options(), help);
}

TEST_F(RealRunc, HasNoCommandThatWeDoNotKnow) {
  const std::string help = output({"--help"});
  const auto begin = help.find("COMMANDS:\n");
  ASSERT_NE(begin, std::string::npos);
  for (const std::string& line : lines_of(std::string_view(help).substr(begin + 10))) {
    if (line.empty()) break;
    const std::string_view name = std::string_view(line).substr(3, line.find_first_of(" ,", 3) - 3);
    EXPECT_NE(find_command(name), nullptr) << name;
  }
}

TEST_F(RealRunc, HasNoCommandOptionThatWeDoNotKnow) {
  for (const CommandGrammar& grammar : commands()) {
    if (grammar.command == Command::init || grammar.command == Command::help) continue;
    SCOPED_TRACE(grammar.name);
    const std::string help = output({std::string(grammar.name), "--help"});
    ASSERT_THAT(help, HasSubstr("runc " + std::string(grammar.name)));
    if (is_governed(grammar.command)) {
      EXPECT_GE(options_in_help(help).size(), 6U);
    }
    expect_known(grammar.options, help);
  }
}

// A call that we accept must mean the same bundle to runc. The bundles don't exist, so runc says which one it tried.
TEST_F(RealRunc, LooksIntoTheBundleThatWeWouldHarden) {
  const std::vector<std::vector<std::string>> calls = {
      {"create", "--bundle", "/nonexistent/a", "id"},
      {"create", "-bundle", "/nonexistent/a", "id"},
      {"create", "--b=/nonexistent/a", "id"},
      {"create", "-b", "/nonexistent/a", "-b", "/nonexistent/b", "id"},
      {"create", "--no-pivot", "--bundle=/nonexistent/a=b", "--", "id"},
      {"create", "--pid-file", "/nonexistent/p", "-b=/nonexistent/a", "-x-", "id"},
      {"create", "--bundle", "/nonexistent/a", "id", "--bundle", "/nonexistent/b"},
      {"create", "--bundle", "-", "id"},
      {"create", "-b", "/nonexistent/a", "--bundle", "/nonexistent/b", "id"},
      {"create", "--bundle", "/nonexistent/a", "--", "--bundle"},
      {"create", "--pid-file", "--bundle", "/nonexistent/a"},
      {"create", "--no-pivot=false", "--preserve-fds=1", "--bundle", "/nonexistent/a", "a,b"},
  };
  std::size_t compared = 0;
  for (const auto& call : calls) {
    std::vector<std::string> argv{path_, "--root", "/nonexistent/root", "--log", "/dev/stdout"};
    argv.insert(argv.end(), call.begin(), call.end());
    const auto invocation = parse_command_line(argv);
    if (!invocation) continue;
    ++compared;
    EXPECT_THAT(output({argv.begin() + 1, argv.end()}), HasSubstr("chdir " + invocation->bundle + ":"))
        << ::testing::PrintToString(call);
  }
  EXPECT_EQ(compared, 7U);
}

TEST(Grammar, NamesNothingTwice) {
  const auto expect_distinct = [](std::span<const Option> options) {
    std::vector<std::string_view> names;
    for (const Option& option : options) {
      names.push_back(option.name);
      if (!option.alias.empty()) names.push_back(option.alias);
    }
    std::ranges::sort(names);
    EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
  };
  expect_distinct(global_options());
  for (const CommandGrammar& grammar : commands()) {
    SCOPED_TRACE(grammar.name);
    expect_distinct(grammar.options);
    EXPECT_EQ(find_command(grammar.name), &grammar);
  }
}

}  // namespace
}  // namespace runward::runtime

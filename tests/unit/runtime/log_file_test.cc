// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/log_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/unit/runtime/temporary_directory.h"

namespace runward::runtime {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::time_t kNow = 1785585600;  // 2026-08-01T12:00:00Z

std::string message_of(std::string_view message) {
  return nlohmann::json::parse(format_log_line(LogFormat::json, message, kNow)).at("msg");
}

TEST(LogLine, IsTheJsonThatContainerdReads) {
  EXPECT_EQ(format_log_line(LogFormat::json, "open 'x': not found", kNow),
            R"({"level":"error","msg":"runward: open 'x': not found","time":"2026-08-01T12:00:00Z"})"
            "\n");
}

TEST(LogLine, IsTheTextThatRuncWrites) {
  EXPECT_EQ(format_log_line(LogFormat::text, R"(say "no")", kNow),
            R"(time="2026-08-01T12:00:00Z" level=error msg="runward: say \"no\"")"
            "\n");
}

TEST(LogLine, EscapesWhatWouldEndTheString) { EXPECT_EQ(message_of(R"(a "b" \ c)"), R"(runward: a "b" \ c)"); }

TEST(LogLine, CarriesExactlyOnePrefix) {
  EXPECT_EQ(message_of("no"), "runward: no");
  EXPECT_EQ(message_of("runward: no"), "runward: no");
  EXPECT_EQ(message_of("runward: runward: no"), "runward: no");
}

TEST(LogLine, StaysOneLineOfValidText) {
  struct Row {
    std::string given, shown;
  };
  const std::string bad = "\xEF\xBF\xBD";
  const std::vector<Row> rows = {
      {"a\nb", "a b"},
      {"a\r\n\n b\n", "a  b"},
      {"a\tb", "a b"},
      {"a\xE2\x80\xA8"
       "b",
       "a b"},
      {"a\x1B[31mb", "a" + bad + "[31mb"},
      {std::string("a\0b", 3), "a" + bad + "b"},
      {"a\x7F", "a" + bad},
      {"\xC2\x9B", bad},
      {"\xFF\xFE", bad + bad},
      {"\xC0\xAF", bad + bad},
      {"\xED\xA0\x80", bad + bad + bad},
      {"\xF4\x90\x80\x80", bad + bad + bad + bad},
      {"\xE2\x82", bad + bad},
      {"\xE2\x80\xAE", bad},
      {"gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80", "gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80"},
  };
  for (const Row& row : rows) EXPECT_EQ(message_of(row.given), "runward: " + row.shown) << row.given;
}

TEST(LogLine, IsOfBoundedLength) {
  std::string umlauts;
  for (int i = 0; i < 5000; ++i) umlauts += "\xC3\xBC";
  for (const std::string& text : {std::string(100000, 'a'), umlauts, "x" + umlauts}) {
    const std::string shown = message_of(text);
    EXPECT_LE(shown.size(), 2000U);
    EXPECT_GE(shown.size(), 1990U);
    EXPECT_THAT(shown, EndsWith("\xE2\x80\xA6"));
  }
  EXPECT_EQ(message_of(std::string(1991, 'a')), "runward: " + std::string(1991, 'a'));
}

TEST(Defuse, BreaksUpEveryForbiddenWordWhateverItsCase) {
  for (const std::string_view word : kForbiddenWords) {
    std::string shouted(word);
    for (char& c : shouted)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    for (const std::string& text : {std::string(word), shouted, "x" + shouted + std::string(word) + "y"}) {
      std::string lowered = defuse(text);
      EXPECT_EQ(lowered.size(), text.size());
      for (char& c : lowered)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      for (const std::string_view forbidden : kForbiddenWords)
        EXPECT_THAT(lowered, Not(HasSubstr(std::string(forbidden))));
    }
  }
}

TEST(Defuse, ChangesNothingElse) {
  EXPECT_EQ(defuse("mount 'No Such  file' is read-only"), "mount 'No Such  file' is read-only");
  EXPECT_EQ(defuse("image 'x Permission Denied y' refused"), "image 'x Permission_Denied y' refused");
}

TEST(Defuse, SeesAWordThatOnlyFoldingMade) {
  EXPECT_EQ(message_of("permission\ndenied"), "runward: permission_denied");
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string reported(const LogTarget& target, std::string_view message) {
  ::testing::internal::CaptureStderr();
  report_error(target, message);
  return ::testing::internal::GetCapturedStderr();
}

TEST(ReportError, AppendsOneLineToTheFileAndTellsStderr) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "log.json";
  EXPECT_EQ(reported({path, LogFormat::json}, "first\nline"), "runward: first line\n");
  EXPECT_EQ(reported({path, LogFormat::json}, "second"), "runward: second\n");
  const std::string text = contents(path);
  EXPECT_EQ(std::ranges::count(text, '\n'), 2);
  EXPECT_THAT(text, StartsWith(R"({"level":"error","msg":"runward: first line","time":"20)"));
  EXPECT_EQ(std::filesystem::status(path).permissions() & std::filesystem::perms::others_write,
            std::filesystem::perms::none);
}

TEST(ReportError, FallsBackToStderr) {
  const TemporaryDirectory directory;
  EXPECT_EQ(reported({}, "no"), "runward: no\n");
  EXPECT_EQ(reported({directory.path() / "absent" / "log"}, "no"), "runward: no\n");
  EXPECT_EQ(reported({directory.path()}, "no"), "runward: no\n");
}

TEST(ReportError, FollowsNoLinkAndWaitsForNoReader) {
  const TemporaryDirectory directory;
  const auto target = directory.path() / "target";
  std::filesystem::create_symlink(target, directory.path() / "link");
  EXPECT_EQ(reported({directory.path() / "link"}, "no"), "runward: no\n");
  EXPECT_FALSE(std::filesystem::exists(target));
  ASSERT_EQ(::mkfifo((directory.path() / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(reported({directory.path() / "fifo"}, "no"), "runward: no\n");
}

}  // namespace
}  // namespace runward::runtime

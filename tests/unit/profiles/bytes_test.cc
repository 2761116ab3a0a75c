// SPDX-License-Identifier: Apache-2.0
#include "profiles/bytes.h"

#include <gtest/gtest.h>

#include <string>

namespace runward::profiles {
namespace {

TEST(Bytes, KeepsWhatIsText) {
  for (const std::string text : {"", "/usr/bin/a b", "/tmp/ä€😀", "quote\"'{}*?[]"}) EXPECT_EQ(to_text(text), text);
}

TEST(Bytes, EscapesWhatCouldCommandATerminalOrEndALine) {
  EXPECT_EQ(to_text("a\nb\x1b[2J\x7f"), R"(a\x0ab\x1b[2J\x7f)");
  EXPECT_EQ(to_text("\xc2\x9b"), R"(\xc2\x9b)");  // the one-character form of ESC [
  EXPECT_EQ(to_text(std::string(1, '\0')), R"(\x00)");
  EXPECT_EQ(to_text(R"(\x41)"), R"(\x5cx41)");
}

TEST(Bytes, EscapesWhatIsNoUtf8) {
  EXPECT_EQ(to_text("\xff"), R"(\xff)");
  EXPECT_EQ(to_text("\xc3"), R"(\xc3)");                          // ends too early
  EXPECT_EQ(to_text("\xc0\xaf"), R"(\xc0\xaf)");                  // "/" written too long
  EXPECT_EQ(to_text("\xed\xa0\x80"), R"(\xed\xa0\x80)");          // half of a pair
  EXPECT_EQ(to_text("\xf4\x90\x80\x80"), R"(\xf4\x90\x80\x80)");  // beyond Unicode
}

TEST(Bytes, GivesEveryByteBack) {
  std::string all;
  for (unsigned first = 0; first < 256; ++first)
    for (unsigned second = 0; second < 256; ++second)
      all.append(1, static_cast<char>(first)).append(1, static_cast<char>(second));
  EXPECT_EQ(from_text(to_text(all)), all);
}

TEST(Bytes, RefusesABackslashThatBeginsNoByte) {
  for (const std::string text : {R"(\)", R"(\x)", R"(\x4)", R"(\n)", R"(\x+1)", R"(\xg0)"})
    EXPECT_FALSE(from_text(text)) << text;
}

}  // namespace
}  // namespace runward::profiles

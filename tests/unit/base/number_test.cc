// SPDX-License-Identifier: Apache-2.0
#include "shim/base/number.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace runward {
namespace {

TEST(Number, IsTheWholeText) {
  EXPECT_EQ(parse_number<std::uint32_t>("0"), 0U);
  EXPECT_EQ(parse_number<std::uint32_t>("007"), 7U);
  EXPECT_EQ(parse_number<std::uint32_t>("4294967295"), 4294967295U);
  EXPECT_EQ(parse_number<std::int64_t>("-1"), -1);
  EXPECT_EQ(parse_number<unsigned>("ff", 16), 255U);
}

TEST(Number, IsNothingElse) {
  for (const char* const text : {"", " 1", "1 ", "1\n", "+1", "-1", "0x1", "1.0", "4294967296", "one"})
    EXPECT_EQ(parse_number<std::uint32_t>(text), std::nullopt) << text;
  EXPECT_EQ(parse_number<std::int64_t>("-"), std::nullopt);
}

TEST(Number, IsTakenFromTheFront) {
  std::string_view text = "3.17";
  EXPECT_EQ(take_number<unsigned>(text), 3U);
  EXPECT_EQ(text, ".17");
  EXPECT_EQ(take_number<unsigned>(text), std::nullopt);
  EXPECT_EQ(text, ".17");
}

TEST(Number, TooLargeIsNotTaken) {
  std::string_view text = "99999999999 x";
  EXPECT_EQ(take_number<std::uint32_t>(text), std::nullopt);
  EXPECT_EQ(text, "99999999999 x");
}

}  // namespace
}  // namespace runward

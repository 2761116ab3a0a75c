// SPDX-License-Identifier: Apache-2.0
#include "shim/oci/print.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace runward::oci {
namespace {

TEST(Print, IsCompactWithSortedKeys) {
  EXPECT_EQ(print(Value({{"b", 1}, {"a", {true, nullptr}}})), R"({"a":[true,null],"b":1})");
}

TEST(Print, EscapesWhatJsonAsksFor) {
  EXPECT_EQ(print(Value("a\"b\\c\nd\te\x01/é\x7f")), R"("a\"b\\c\nd\te\u0001/é)" + std::string("\x7f\""));
}

TEST(Print, EscapesKeysToo) { EXPECT_EQ(print(Value::object({{"a\"\n", 1}})), R"({"a\"\n":1})"); }

TEST(Print, PrintsNumbersToTheLastDigit) {
  EXPECT_EQ(print(Value::array({18446744073709551615U, -9223372036854775807, 0, -1, 1.5})),
            "[18446744073709551615,-9223372036854775807,0,-1,1.5]");
}

TEST(Print, ThrowsOrReplacesWhatIsNoUtf8) {
  const Value broken = {{"plain", "x"}, {"broken", "a\nb\xff"}};
  EXPECT_THROW(print(broken), Value::exception);
  EXPECT_EQ(print(broken, BadText::replace), "{\"broken\":\"a\\nb\uFFFD\",\"plain\":\"x\"}");
}

TEST(Writer, PutsACommaBetweenPartsOfAnyKind) {
  Writer out;
  out.begin_object().key("a").begin_array().end_array().key("b").begin_object().end_object();
  out.key("c").begin_array().text("[").text("{").text(":").value(-1).value(true).begin_array().end_array().value(1);
  out.end_array().key(":").value(Value::object({{"x", nullptr}, {"y", "\t"}})).end_object();
  EXPECT_EQ(out.take(), R"({"a":[],"b":{},"c":["[","{",":",-1,true,[],1],":":{"x":null,"y":"\t"}})");
}

TEST(Writer, TakesASingleValue) { EXPECT_EQ(Writer().text("a\"b").take(), R"("a\"b")"); }

std::string random_text(std::mt19937& random) {
  constexpr unsigned kLongest = 12;
  std::string text(random() % kLongest, '\0');
  for (char& letter : text) letter = static_cast<char>(random() % 256);
  return text;
}

Value random_value(std::mt19937& random, unsigned depth) {
  switch (random() % (depth == 0 ? 6 : 8)) {
    case 0:
      return nullptr;
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<std::int64_t>(random()) - (std::int64_t{1} << 31U);
    case 3:
      return std::uint64_t{random()} << (random() % 33);
    case 4:
      return static_cast<double>(random()) / 3;
    case 5:
      return random_text(random);
    case 6: {
      Value array = Value::array();
      for (unsigned left = random() % 4; left > 0; --left) array.push_back(random_value(random, depth - 1));
      return array;
    }
    default: {
      Value object = Value::object();
      for (unsigned left = random() % 4; left > 0; --left)
        object[random_text(random)] = random_value(random, depth - 1);
      return object;
    }
  }
}

TEST(Print, PrintsWhatTheLibraryPrints) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same values each time
  for (int i = 0; i < 20'000; ++i) {
    const Value value = random_value(random, 4);
    ASSERT_EQ(print(value, BadText::replace), value.dump(-1, ' ', false, BadText::replace));
  }
}

}  // namespace
}  // namespace runward::oci

// SPDX-License-Identifier: Apache-2.0
#include "shim/base/result.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>

#include "shim/base/unique_fd.h"

namespace runward {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return make_error(ErrorKind::parse, "odd");
  return number / 2;
}
Result<int> quarter(int number) {
  SHIM_TRY(const int once, half(number));
  return half(once);
}
Status check(int number) {
  SHIM_CHECK(half(number));
  return ok();
}

TEST(Result, HandsTheErrorOn) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().message, "odd");
  EXPECT_FALSE(check(1));
  EXPECT_TRUE(check(2));
}

TEST(Result, HoldsWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(3));
  EXPECT_EQ(*std::unique_ptr<int>(*std::move(result)), 3);
}

TEST(ErrnoError, NamesCallAndSubject) {
  const Error error = errno_error("open", "config.json", EACCES);
  EXPECT_EQ(error.message, "open 'config.json': access refused by the kernel");
  EXPECT_EQ(error.code.value(), EACCES);
  EXPECT_EQ(in_context("create", error).message, "create: open 'config.json': access refused by the kernel");
}

// moby's daemon/start.go looks for these in what a runtime says.
TEST(ErrnoWords, AreNoneThatAnEngineLooksFor) {
  constexpr std::array kWords = {
      "permission denied",         "operation not permitted", "is a directory", "not a directory",
      "no such file or directory", "no such process",         "does not exist", "not found in"};
  for (int number = 0; number < 134; ++number) {
    std::string text = errno_words(number);
    std::ranges::transform(text, text.begin(),
                           [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    EXPECT_FALSE(text.empty()) << number;
    for (const char* const word : kWords) EXPECT_EQ(text.find(word), std::string::npos) << number << " " << text;
  }
}

TEST(UniqueFd, ClosesWhatItOwnsOnce) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const UniqueFd other(ends[1]);
  {
    UniqueFd first(ends[0]);
    UniqueFd second(std::move(first));
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move,clang-analyzer-cplusplus.Move): what is tested
    EXPECT_EQ(second.get(), ends[0]);
  }
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), -1);
  EXPECT_EQ(errno, EBADF);
}

}  // namespace
}  // namespace runward

// SPDX-License-Identifier: Apache-2.0

// The memory of runward (shim/arena.cc), which this program has in place of the C library's, too.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <new>
#include <random>
#include <vector>

namespace runward {
// For a build with ASan, whose malloc else ends the program where it has not that much.
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the sanitizer chose the name
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

namespace {

constexpr std::size_t kAlign = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

struct Piece {
  unsigned char* begin = nullptr;
  std::size_t size = 0;
  unsigned char letter = 0;
};

Piece piece_of(std::size_t size, unsigned char letter) {
  Piece piece{.begin = static_cast<unsigned char*>(::operator new(size)), .size = size, .letter = letter};
  std::fill_n(piece.begin, size, letter);
  return piece;
}

bool is_whole(const Piece& piece) {
  return reinterpret_cast<std::uintptr_t>(piece.begin) % kAlign == 0 &&
         std::all_of(piece.begin, piece.begin + piece.size, [&](unsigned char each) { return each == piece.letter; });
}

constexpr std::size_t kNothing = 0, kSmall = 40, kLittleMore = 48;

// Before the others, which use the block up. As numbers: the compiler takes it for granted that what `new` gives is
// nothing that it knows.
TEST(Arena, WhatWasGivenBackServesTheNextOfItsSize) {
  void* const first = ::operator new(kSmall);
  const volatile auto before = reinterpret_cast<std::uintptr_t>(first);
  ::operator delete(first, kSmall);
  void* const second = ::operator new(kLittleMore);
  const volatile auto after = reinterpret_cast<std::uintptr_t>(second);
  EXPECT_EQ(std::uintptr_t{before}, std::uintptr_t{after});
  ::operator delete(second, kLittleMore);
}

// More than the block has in all, so that some are malloc's.
TEST(Arena, PiecesAreAlignedAndOverlapNowhere) {
  constexpr std::size_t kMostAlive = 3000;
  std::mt19937 random(11);  // NOLINT(cert-msc51-cpp): the same pieces each time
  std::vector<Piece> alive;
  for (unsigned i = 0; i < 200'000; ++i) {
    if (alive.size() < kMostAlive && random() % 2 == 0) {
      const std::size_t most = random() % 16 == 0 ? 20'000 : 200;
      alive.push_back(piece_of(random() % most, static_cast<unsigned char>(random())));
    } else if (!alive.empty()) {
      std::swap(alive[random() % alive.size()], alive.back());
      const Piece gone = alive.back();
      alive.pop_back();
      ASSERT_TRUE(is_whole(gone)) << i;
      if (random() % 8 == 0)
        ::operator delete(gone.begin);
      else
        ::operator delete(gone.begin, gone.size);
    }
  }
  for (const Piece& piece : alive) {
    EXPECT_TRUE(is_whole(piece));
    ::operator delete(piece.begin, piece.size);
  }
}

TEST(Arena, PiecesOfNothingAreTwo) {
  void* const first = ::operator new(kNothing);
  void* const second = ::operator new(kNothing);
  EXPECT_NE(first, second);
  ::operator delete(first, kNothing);
  ::operator delete(second, kNothing);
}

// Also where a size that is rounded up would begin again at 0.
TEST(Arena, ThrowsWhereThereIsNotThatMuch) {
  const std::size_t most = std::numeric_limits<std::size_t>::max();
  for (volatile std::size_t size : {most, most - 1, most - kAlign, most / 2 + 1})
    EXPECT_THROW(static_cast<void>(::operator new(size)), std::bad_alloc);
}

TEST(Arena, ANullPointerMayBeDeleted) {
  ::operator delete(nullptr);
  ::operator delete(nullptr, kSmall);
}

}  // namespace
}  // namespace runward

// SPDX-License-Identifier: Apache-2.0

// The memory of runward, which lives for some milliseconds and then becomes the low-level runtime: `new` takes the next
// bytes of one block, `delete` keeps a piece of up to a KiB for the next of its size
// (shim/doc/decisions/0014-memory-that-is-not-given-back.md). What does not fit into the block is malloc's.
// With RUNWARD_KEEPS_MALLOC, as in builds with a sanitizer, all of it is.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#include "shim/base/prefault.h"

#ifndef RUNWARD_KEEPS_MALLOC

namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kArena = std::size_t{4} << 20U;
constexpr std::size_t kFirst = std::size_t{32} << 10U;  // all that a call that passes through takes
constexpr std::size_t kChunk = std::size_t{96} << 10U;  // what is asked for at once after that

// A piece that was given back; there is a list for each size up to a KiB.
struct Free {
  Free* next;
};
constexpr std::size_t kUnit = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
constexpr std::size_t kLists = 65;
constexpr std::size_t units_of(std::size_t size) { return size == 0 ? 1 : (size + kUnit - 1) / kUnit; }

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): there is one memory
alignas(kPage) constinit std::array<std::byte, kArena> arena{};
constinit std::size_t used = 0;
constinit std::size_t ready = kFirst;  // up to where pages were asked for
constinit std::array<Free*, kLists> lists{};
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

bool is_of_arena(const void* piece) {
  const auto begin = reinterpret_cast<std::uintptr_t>(arena.data());  // NOLINT: pointers of one object or another
  return reinterpret_cast<std::uintptr_t>(piece) - begin < kArena;    // NOLINT
}

// Pages that come by the chunk cost a third of what they cost one by one, at each first touch. What is not needed is
// not asked for: a create without filter takes 200 KiB, one with the default filter 600.
std::byte* take(std::size_t size) {
  std::byte* const piece = arena.data() + std::exchange(used, used + size);
  while (ready < used) {
    const std::size_t begin = std::exchange(ready, std::min(ready + kChunk, kArena));
    runward::prefault(arena.data() + begin, ready - begin);
  }
  return piece;
}

}  // namespace

// One thread only: nothing here is locked.
void* operator new(std::size_t size) {
  if (size <= kArena) {
    const std::size_t units = units_of(size);
    if (units < kLists && lists[units] != nullptr) return std::exchange(lists[units], lists[units]->next);
    if (units * kUnit <= kArena - used) return take(units * kUnit);
  }
  if (void* const piece = std::malloc(size)) return piece;
  throw std::bad_alloc();
}

void operator delete(void* piece) noexcept {
  if (!is_of_arena(piece)) std::free(piece);
}
void operator delete(void* piece, std::size_t size) noexcept {
  if (!is_of_arena(piece)) return std::free(piece);
  const std::size_t units = units_of(size);
  if (units < kLists) lists[units] = new (piece) Free{lists[units]};
}

#endif

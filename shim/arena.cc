// SPDX-License-Identifier: Apache-2.0
#include "shim/arena.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#include "shim/base/prefault.h"

#ifdef RUNWARD_KEEPS_MALLOC

namespace runward {
void prefault_arena() {}
}  // namespace runward

#else

namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kArena = std::size_t{4} << 20U;
constexpr std::size_t kUsual = std::size_t{640} << 10U;

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
constinit std::array<Free*, kLists> lists{};
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

bool is_of_arena(const void* piece) {
  const auto begin = reinterpret_cast<std::uintptr_t>(arena.data());  // NOLINT: pointers of one object or another
  return reinterpret_cast<std::uintptr_t>(piece) - begin < kArena;    // NOLINT
}

}  // namespace

// One thread only: nothing here is locked.
void* operator new(std::size_t size) {
  if (size <= kArena) {
    const std::size_t units = units_of(size);
    if (units < kLists && lists[units] != nullptr) return std::exchange(lists[units], lists[units]->next);
    if (units * kUnit <= kArena - used) return arena.data() + std::exchange(used, used + units * kUnit);
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

namespace runward {

void prefault_arena() { prefault(arena.data(), kUsual); }

}  // namespace runward

#endif

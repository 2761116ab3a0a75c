// SPDX-License-Identifier: Apache-2.0
#include "shim/base/prefault.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <limits>

// Set by the linker: end(3), and the first byte of the program.
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker chose the name
extern "C" const char __executable_start;
extern "C" const char etext;

namespace runward {
namespace {

// Newer than the headers of Debian 12's libc.
constexpr int kPopulateRead = 22;
constexpr int kPopulateWrite = 23;

std::uintptr_t address_of(const void* place) { return reinterpret_cast<std::uintptr_t>(place); }  // NOLINT

void populate(std::uintptr_t begin, std::uintptr_t end, int advice) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  begin = begin / page * page;
  ::madvise(reinterpret_cast<void*>(begin), end - begin, advice);  // NOLINT: a number until now
}

}  // namespace

void prefault_program() { populate(address_of(&__executable_start), address_of(&etext), kPopulateRead); }

void prefault_heap(std::size_t bytes) {
  constexpr std::size_t kLargestPiece = std::size_t{16} << 20U;
  if (bytes > kLargestPiece) return;
  ::mallopt(M_MMAP_THRESHOLD, static_cast<int>(kLargestPiece));
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_TOP_PAD, static_cast<int>(bytes));
  void* volatile piece = ::malloc(bytes);  // volatile: the compiler may not leave the pair out
  const std::uintptr_t begin = address_of(piece);
  ::free(piece);
  if (begin != 0) populate(begin, begin + bytes, kPopulateWrite);
}

}  // namespace runward

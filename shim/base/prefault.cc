// SPDX-License-Identifier: Apache-2.0
#include "shim/base/prefault.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

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

void prefault(void* begin, std::size_t size) { populate(address_of(begin), address_of(begin) + size, kPopulateWrite); }

}  // namespace runward

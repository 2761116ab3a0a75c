// SPDX-License-Identifier: Apache-2.0
#include "shim/base/prefault.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace runward {
namespace {

// As every call is before Linux 5.14, one that begins within a page is refused.
TEST(Prefault, LeavesErrnoAlsoWhereTheKernelRefuses) {
  constexpr std::size_t kPage = 4096;
  alignas(kPage) static std::array<std::byte, 2 * kPage> pages{};
  errno = ENOENT;
  prefault(pages.data() + 1, kPage);
  EXPECT_EQ(errno, ENOENT);
}

}  // namespace
}  // namespace runward

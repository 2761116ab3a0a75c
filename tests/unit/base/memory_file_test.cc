// SPDX-License-Identifier: Apache-2.0
#include "shim/base/memory_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "shim/base/file.h"

namespace runward {
namespace {

TEST(MemoryFile, HoldsTheTextFromItsStart) {
  const auto file = memory_file("test", "the text");
  ASSERT_TRUE(file);
  EXPECT_EQ(*read_all(*file, 100, "test"), "the text");
}

TEST(MemoryFile, CantBeChanged) {
  const auto file = memory_file("test", "the text");
  ASSERT_TRUE(file);
  EXPECT_LT(::write(file->get(), "x", 1), 0);
  EXPECT_NE(::ftruncate(file->get(), 0), 0);
}

TEST(MemoryFile, StaysOpenOverExecOnlyWhereItIsKept) {
  constexpr int kLowest = 40;
  const auto file = memory_file("test", "the text");
  ASSERT_TRUE(file);
  EXPECT_EQ(::fcntl(file->get(), F_GETFD), FD_CLOEXEC);
  const auto kept = keep_over_exec(*file, kLowest);
  ASSERT_TRUE(kept);
  EXPECT_GE(*kept, kLowest);
  EXPECT_EQ(::fcntl(*kept, F_GETFD), 0);
  ::close(*kept);
}

}  // namespace
}  // namespace runward

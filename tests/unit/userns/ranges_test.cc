// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/ranges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

namespace runward::userns {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr policy::IdPool kPool{.first = 1'000'000, .ranges = 5, .size = 65536};

class RangesTest : public testing::Test {
 protected:
  RangesTest() {
    std::string name = fs::temp_directory_path() / "runward-ranges-XXXXXX";
    if (::mkdtemp(name.data()) != nullptr) top_ = name;
  }
  ~RangesTest() override {
    std::error_code ignored;
    fs::remove_all(top_, ignored);
  }
  [[nodiscard]] Ranges ranges(policy::IdPool pool = kPool) const { return {top_ / "state", pool}; }
  [[nodiscard]] Owner owner(const std::string& id) const { return {.runtime_root = top_ / "root", .container = id}; }
  void make_state(const std::string& id) const { fs::create_directories(top_ / "root" / id); }

  // In a process of its own, which has ended when this returns, as the runtime's has after `create`.
  void take_in_a_process_that_ends(const std::string& id) const {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(ranges().take(owner(id)) ? 0 : 1);
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
  }

  fs::path top_;
};

TEST_F(RangesTest, NoTwoContainersHaveTheSame) {
  std::set<std::uint64_t> firsts;
  for (std::uint64_t i = 0; i < kPool.ranges; ++i) {
    const auto lease = ranges().take(owner("c" + std::to_string(i)));
    ASSERT_TRUE(lease) << lease.error().message;
    firsts.insert(ranges().first_id(*lease));
  }
  EXPECT_EQ(firsts, (std::set<std::uint64_t>{1'000'000, 1'065'536, 1'131'072, 1'196'608, 1'262'144}));
  EXPECT_EQ(ranges().taken(), 5U);
  const auto none = ranges().take(owner("one more"));
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("all 5 ranges"));
}

TEST_F(RangesTest, IsFreeWhenItWasGivenBack) {
  std::vector<Lease> leases;
  for (std::uint64_t i = 0; i < kPool.ranges; ++i) leases.push_back(*ranges().take(owner("c")));
  ranges().give_back(leases[3]);
  const auto again = ranges().take(owner("d"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->number, leases[3].number);
}

// A process with that user id, until this object ends.
class Process {
 public:
  explicit Process(std::uint64_t user) : pid_(::fork()) {
    if (pid_ != 0) return;
    if (::setuid(static_cast<uid_t>(user)) != 0) ::_exit(1);
    for (;;) ::pause();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] uid_t user() const {
    struct stat status {};
    return ::stat(("/proc/" + std::to_string(pid_)).c_str(), &status) == 0 ? status.st_uid : 0;
  }

 private:
  pid_t pid_;
};

// As where the runtime's state lies in another mount namespace.
TEST_F(RangesTest, IsNotFreeWhileAProcessHasAnIdOfIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  take_in_a_process_that_ends("unseen");
  const fs::path range = *fs::directory_iterator(top_ / "state/ranges/1000000-65536");
  const std::uint64_t last = kPool.first + (std::stoull(range.filename().string()) + 1) * kPool.size - 1;
  {
    const Process process(last);
    while (process.user() != last) ::usleep(1000);
    ranges().collect();
    EXPECT_EQ(ranges().taken(), 1U);
  }
  const Process neighbour(last + 1);
  while (neighbour.user() != last + 1) ::usleep(1000);
  ranges().collect();
  EXPECT_EQ(ranges().taken(), 0U);
}

TEST_F(RangesTest, WhatIsGivenBackLateDoesNotHitTheNextHolder) {
  take_in_a_process_that_ends("old");
  const std::string folder = top_ / "state/ranges/1000000-65536";
  const fs::path range = *fs::directory_iterator(folder);
  const Lease old{.pool = "1000000-65536",
                  .number = std::stoull(range.filename().string()),
                  .holder = fs::directory_iterator(range)->path().filename()};
  ranges().collect();
  std::vector<Lease> leases;
  for (std::uint64_t i = 0; i < kPool.ranges; ++i) leases.push_back(*ranges().take(owner("new")));
  ranges().give_back(old);
  EXPECT_EQ(ranges().taken(), kPool.ranges);
}

TEST_F(RangesTest, OfADeadContainerIsCollectedWhenThePoolIsFull) {
  for (std::uint64_t i = 0; i < kPool.ranges; ++i) take_in_a_process_that_ends("dead" + std::to_string(i));
  EXPECT_TRUE(ranges().take(owner("new")));
}

TEST_F(RangesTest, OfAContainerThatTheRuntimeKnowsIsKept) {
  for (std::uint64_t i = 0; i < kPool.ranges; ++i) {
    take_in_a_process_that_ends("c" + std::to_string(i));
    make_state("c" + std::to_string(i));
  }
  EXPECT_FALSE(ranges().take(owner("new")));
  ranges().collect();
  EXPECT_EQ(ranges().taken(), kPool.ranges);
}

TEST_F(RangesTest, OfACreateThatIsUnderWayIsKept) {
  const auto lease = ranges().take(owner("under way"));  // by this process, which lives
  ASSERT_TRUE(lease);
  ranges().collect();
  EXPECT_EQ(ranges().taken(), 1U);
}

TEST_F(RangesTest, IsFreeOnlyWhenAllWhoShareItAreGone) {
  take_in_a_process_that_ends("first");
  make_state("first");
  const fs::path range = *fs::directory_iterator(top_ / "state/ranges/1000000-65536");
  const std::uint64_t first = kPool.first + std::stoull(range.filename().string()) * kPool.size;
  const auto shared = ranges().share(first, owner("second"));
  ASSERT_TRUE(shared && *shared);
  fs::remove_all(top_ / "root/first");
  ranges().collect();
  EXPECT_EQ(ranges().taken(), 1U);
  ranges().give_back(**shared);
  EXPECT_EQ(ranges().taken(), 0U);
}

TEST_F(RangesTest, CantBeSharedWhenNobodyHasIt) {
  for (const std::uint64_t first : {1'000'000U, 1'000'001U, 100'000U, 9'000'000U}) {
    const auto shared = ranges().share(first, owner("a"));
    ASSERT_TRUE(shared);
    EXPECT_FALSE(*shared);
  }
}

TEST_F(RangesTest, LeavesNothingOfAProcessThatWasKilledInBetween) {
  ASSERT_TRUE(ranges().take(owner("a")));
  fs::create_directories(top_ / "state/ranges/1000000-65536/.new-999999999.1");
  std::ofstream(top_ / "state/ranges/1000000-65536/.new-999999999.1/999999999.1") << "/nowhere/x";
  fs::create_directories(top_ / "state/ranges/1000000-65536/77");
  ranges().collect();
  EXPECT_EQ(std::distance(fs::directory_iterator(top_ / "state/ranges/1000000-65536"), fs::directory_iterator()), 1);
}

TEST_F(RangesTest, OfAnotherPoolThatIsInUseKeepsThisOneAway) {
  take_in_a_process_that_ends("old");
  make_state("old");
  const auto refused = ranges({.first = 1'000'000, .ranges = 5, .size = 70'000}).take(owner("new"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("configured before"));
  EXPECT_FALSE(ranges({.first = 9'000'000, .ranges = 5, .size = 65536}).take(owner("elsewhere")));
  fs::remove_all(top_ / "root/old");
  EXPECT_TRUE(ranges({.first = 1'000'000, .ranges = 5, .size = 70'000}).take(owner("new")));
  const auto back = ranges().take(owner("back"));
  ASSERT_FALSE(back) << "the pool of before must not be taken for granted";
}

TEST_F(RangesTest, AreNeverTheSameUnderParallelCreates) {
  constexpr int kProcesses = 16;
  std::vector<pid_t> pids;
  const Ranges all(top_ / "state", {.first = 1'000'000, .ranges = 40, .size = 65536});
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      // One that takes, and lives until all have: who came second to the same number would fail to make its folder.
      const auto lease = all.take(owner("p" + std::to_string(i)));
      std::ofstream(top_ / ("number" + std::to_string(i))) << (lease ? lease->number : 999);
      ::sleep(1);
      ::_exit(0);
    }
    pids.push_back(pid);
  }
  for (const pid_t pid : pids) ::waitpid(pid, nullptr, 0);
  std::set<std::string> numbers;
  for (int i = 0; i < kProcesses; ++i) {
    std::ifstream file(top_ / ("number" + std::to_string(i)));
    std::string number;
    file >> number;
    EXPECT_NE(number, "999");
    numbers.insert(number);
  }
  EXPECT_EQ(numbers.size(), std::size_t{kProcesses});
}

}  // namespace
}  // namespace runward::userns

// SPDX-License-Identifier: Apache-2.0
#include "profiles/recorder/start_trace.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

#include "profiles/recorder/call_names.h"
#include "shim/base/unique_fd.h"
#include "tests/unit/profiles/generator_cases.h"

namespace runward::profiles::record {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;

// What a runtime does: a filter, some calls, and the program. The test's own program, started again.
[[noreturn]] void be_a_runtime() {
  std::thread([] { ::pause(); }).detach();
  sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
  sock_fprog program = {1, &allow};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::syscall(SYS_getppid);
  ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
  ::syscall(SYS_getsid, 0);
  ::execl("/bin/true", "true", nullptr);
  ::_exit(1);
}

constexpr const char* kSwitch = "RUNWARD_TEST_IS_A_RUNTIME";

const bool kIsRuntime = [] {
  if (::getenv(kSwitch) != nullptr) be_a_runtime();
  return false;
}();

Result<StartTrace> traced(const std::vector<std::string>& argv, std::chrono::milliseconds patience = 20s) {
  const UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  return trace_start(argv, "/", null.get(), patience);
}

std::set<std::string> names_of(const StartTrace& trace) {
  std::set<std::string> names;
  for (const std::uint32_t number : trace.calls) names.insert(name_of_call(number, Abi::native, native()).name);
  return names;
}

TEST(StartTrace, SeesWhatComesAfterTheFilterAndBeforeTheProgram) {
  ASSERT_FALSE(kIsRuntime);
  ::setenv(kSwitch, "1", 1);
  const auto trace = traced({"/proc/self/exe"});
  ::unsetenv(kSwitch);
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_TRUE(trace->has_started);
  EXPECT_EQ(trace->others, OtherThreads::free);
  // The thread that was there before waits in pause, and is not under the filter; exit_group is the program's.
  EXPECT_THAT(names_of(*trace), AllOf(Contains("getsid"), Contains("execve"), Not(Contains("getppid")),
                                      Not(Contains("pause")), Not(Contains("exit_group"))));
}

TEST(StartTrace, AProgramWithoutAFilterHasNotStartedUnderOne) {
  const auto trace = traced({"/bin/true"});
  ASSERT_TRUE(trace);
  EXPECT_FALSE(trace->has_started);
  EXPECT_THAT(trace->calls, IsEmpty());
}

TEST(StartTrace, WhatHangsIsEnded) {
  const auto begin = std::chrono::steady_clock::now();
  const auto trace = traced({"/bin/sh", "-c", "sleep 60 & sleep 60"}, 300ms);
  ASSERT_TRUE(trace);
  EXPECT_FALSE(trace->has_started);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

TEST(StartTrace, WhatIsNotThereHasNotStarted) {
  const auto trace = traced({"/nonexistent/runc"});
  ASSERT_TRUE(trace);
  EXPECT_FALSE(trace->has_started);
}

}  // namespace
}  // namespace runward::profiles::record

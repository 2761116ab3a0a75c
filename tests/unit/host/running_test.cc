// SPDX-License-Identifier: Apache-2.0
#include "shim/host/running.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace runward::host {
namespace {

namespace fs = std::filesystem;

TEST(CgroupPath, FindsTheControllersLine) {
  constexpr std::string_view kV1 = "5:cpu,cpuacct:/docker/a\n4:memory:/docker/a:b\n1:name=systemd:/x\n0::/unified\n";
  EXPECT_EQ(cgroup_path(kV1, "cpu"), "/docker/a");
  EXPECT_EQ(cgroup_path(kV1, "memory"), "/docker/a:b");
  EXPECT_EQ(cgroup_path(kV1, ""), "/unified");
  EXPECT_EQ(cgroup_path(kV1, "pids"), std::nullopt);
  EXPECT_EQ(cgroup_path("0::/system.slice/x.scope", ""), "/system.slice/x.scope");
  EXPECT_EQ(cgroup_path("", ""), std::nullopt);
  EXPECT_EQ(cgroup_path("nonsense", "memory"), std::nullopt);
}

TEST(IsRunning, TellsTheLivingFromTheDead) {
  EXPECT_TRUE(is_running(::getpid()));
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(is_running(child));  // a zombie
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(is_running(child));
}

class FirstProcess : public testing::Test {
 protected:
  FirstProcess() : root_(fs::temp_directory_path() / ("running_test." + std::to_string(::getpid()))) {
    fs::create_directories(root_ / "id");
  }
  ~FirstProcess() override { fs::remove_all(root_); }
  FirstProcess(const FirstProcess&) = delete;
  FirstProcess& operator=(const FirstProcess&) = delete;

  void write(const fs::path& name, const std::string& text) const { std::ofstream(root_ / name) << text; }
  [[nodiscard]] std::optional<pid_t> find(const std::string& pid_file = "") const {
    return first_process_of(pid_file.empty() ? "" : (root_ / pid_file).native(), root_.native(), "id");
  }

  fs::path root_;
  std::string me_ = std::to_string(::getpid());
};

TEST_F(FirstProcess, IsInThePidFile) {
  write("pid", me_);
  EXPECT_EQ(find("pid"), ::getpid());
}

TEST_F(FirstProcess, IsInRuncsOrCrunsState) {
  EXPECT_EQ(find(), std::nullopt);
  write("id/status", "{\"pid\": " + me_ + "}");
  EXPECT_EQ(find("absent"), ::getpid());
  write("id/state.json", "{\"init_process_pid\": " + me_ + "}");
  EXPECT_EQ(find(), ::getpid());
}

TEST_F(FirstProcess, IsNobodyWhenItIsDeadOrNonsense) {
  write("pid", "999999999");
  EXPECT_EQ(find("pid"), std::nullopt);
  write("pid", "x");
  write("id/state.json", "{");
  EXPECT_EQ(find("pid"), std::nullopt);
  write("id/state.json", R"({"init_process_pid": -1})");
  EXPECT_EQ(find("pid"), std::nullopt);
}

TEST(ReadLimits, ReadsThoseOfThisProcess) {
  const auto limits = read_limits(::getpid());
  EXPECT_TRUE(limits) << (limits ? "" : limits.error().message);
}

TEST(ReadLimits, IsAnErrorForNobody) { EXPECT_FALSE(read_limits(999999999)); }

}  // namespace
}  // namespace runward::host

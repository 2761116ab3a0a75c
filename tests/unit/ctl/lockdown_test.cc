// SPDX-License-Identifier: Apache-2.0

// Lockdown of a host in a folder, with a dpkg database of its own.

#include "shim/ctl/lockdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "shim/ctl/runtime_place.h"
#include "shim/decide.h"

namespace runward::ctl {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto kProgram = "/usr/local/bin/runward";
constexpr auto kRunc = "/usr/sbin/runc";
constexpr auto kAside = "/usr/sbin/runc.runward-real";
constexpr auto kDropIn = "/etc/systemd/system/docker.service.d/zz-runward-lockdown.conf";

class LockdownTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "dpkg-divert and root's files need root";
    std::string pattern = "/tmp/runward-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    for (const char* folder : {"/usr/sbin", "/usr/bin", "/usr/local/sbin", "/etc/systemd/system"})
      fs::create_directories(root_ + folder);
    put_program(kProgram, "runward");
    put_program(kRunc, "runc 1");
  }
  void TearDown() override {
    if (!root_.empty()) fs::remove_all(root_);
  }

  void make_dpkg() const {
    fs::create_directories(root_ + "/var/lib/dpkg/info");
    fs::create_directories(root_ + "/var/lib/dpkg/updates");
    std::ofstream(root_ + "/var/lib/dpkg/status") << "";
  }
  [[nodiscard]] bool has_dpkg() const { return Dpkg::find(root_).has_value(); }

  void put_program(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ + path).substr(0, (root_ + path).rfind('/')));
    fs::remove(root_ + path);
    std::ofstream(root_ + path) << text;
    fs::permissions(root_ + path, fs::perms(0755));
  }
  [[nodiscard]] std::string read(const std::string& path) const {
    std::stringstream text;
    text << std::ifstream(root_ + path).rdbuf();
    return text.str();
  }
  [[nodiscard]] bool is_locked(const std::string& path = kRunc) const {
    std::error_code error;
    return fs::read_symlink(root_ + path, error) == kProgram;
  }
  // Every path with what it is: two lists are equal when nothing has changed.
  [[nodiscard]] std::vector<std::string> everything() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      // dpkg keeps a copy of its database as it was before.
      if (entry.path().native().find("/var/lib/dpkg/") != std::string::npos) continue;
      struct stat status {};
      EXPECT_EQ(::lstat(entry.path().c_str(), &status), 0);
      const std::string target = entry.is_symlink() ? fs::read_symlink(entry.path()).native() : "";
      const std::string inode = entry.is_directory() || entry.is_symlink() ? "" : std::to_string(status.st_ino);
      all.push_back(entry.path().native() + " " + std::to_string(status.st_mode) + " " + inode + target);
    }
    std::ranges::sort(all);
    return all;
  }

  [[nodiscard]] Result<int> call(const std::vector<std::string>& flags = {}) const {
    Given given;
    given.add("root", root_);
    given.add("runtime-path", kProgram);
    for (const std::string& flag : flags) given.add(flag, "");
    testing::internal::CaptureStdout();
    auto result = run_lockdown(given);
    output_ = testing::internal::GetCapturedStdout();
    return result;
  }
  void lock() const {
    const auto result = call();
    ASSERT_TRUE(result) << result.error().message;
  }
  void undo() const {
    const auto result = call({"undo"});
    ASSERT_TRUE(result) << result.error().message;
  }

  std::string root_;
  mutable std::string output_;
};

TEST_F(LockdownTest, PutsRunwardInRuncsPlaceAndUndoPutsEverythingBack) {
  const auto before = everything();
  lock();
  EXPECT_TRUE(is_locked());
  EXPECT_EQ(read(kAside), "runc 1");
  EXPECT_THAT(read(kDropIn), HasSubstr("Environment=PATH=/var/lib/runward/lockdown:/usr/local/sbin"));
  EXPECT_TRUE(is_locked("/var/lib/runward/lockdown/runc"));
  undo();
  fs::remove(root_ + "/var/lib");
  fs::remove(root_ + "/var");
  EXPECT_EQ(everything(), before);
}

TEST_F(LockdownTest, TwiceChangesNothing) {
  lock();
  const auto once = everything();
  lock();
  EXPECT_EQ(everything(), once);
  EXPECT_THAT(output_, HasSubstr("nothing to do"));
  undo();
  undo();
  EXPECT_THAT(output_, HasSubstr("nothing to do"));
}

TEST_F(LockdownTest, DryRunTellsAndChangesNothing) {
  const auto before = everything();
  ASSERT_TRUE(call({"dry-run"}));
  EXPECT_THAT(output_, HasSubstr("would link /usr/sbin/runc to /usr/local/bin/runward"));
  EXPECT_THAT(output_, HasSubstr("+Environment=PATH="));
  EXPECT_EQ(everything(), before);
  lock();
  const auto locked = everything();
  ASSERT_TRUE(call({"undo", "dry-run"}));
  EXPECT_THAT(output_, HasSubstr("would put /usr/sbin/runc.runward-real back"));
  EXPECT_EQ(everything(), locked);
}

TEST_F(LockdownTest, LocksEveryRuncThatIsFound) {
  put_program("/usr/local/sbin/runc", "runc by hand");
  lock();
  EXPECT_TRUE(is_locked());
  EXPECT_TRUE(is_locked("/usr/local/sbin/runc"));
  undo();
  EXPECT_EQ(read("/usr/local/sbin/runc"), "runc by hand");
  EXPECT_EQ(read(kRunc), "runc 1");
}

// buildkitd looks for that name before it looks for runc.
TEST_F(LockdownTest, LocksBuildkitsOwnRuncToo) {
  put_program("/usr/local/sbin/buildkit-runc", "runc of buildkit");
  lock();
  EXPECT_TRUE(is_locked());
  EXPECT_TRUE(is_locked("/usr/local/sbin/buildkit-runc"));
  EXPECT_EQ(read("/usr/local/sbin/buildkit-runc.runward-real"), "runc of buildkit");
  lock();
  EXPECT_THAT(output_, HasSubstr("nothing to do"));
  undo();
  EXPECT_EQ(read("/usr/local/sbin/buildkit-runc"), "runc of buildkit");
  EXPECT_FALSE(fs::exists(root_ + "/usr/local/sbin/buildkit-runc.runward-real"));
  EXPECT_FALSE(is_locked());
}

TEST_F(LockdownTest, NeedsARuncBesideBuildkitsOwn) {
  fs::remove(root_ + kRunc);
  put_program("/usr/local/sbin/buildkit-runc", "runc of buildkit");
  EXPECT_FALSE(call());
  EXPECT_FALSE(is_locked("/usr/local/sbin/buildkit-runc"));
}

TEST_F(LockdownTest, KeepsALinkALink) {
  put_program("/opt/runc-1.1/runc", "runc elsewhere");
  fs::remove(root_ + kRunc);
  fs::create_symlink("../../opt/runc-1.1/runc", root_ + kRunc);
  lock();
  EXPECT_EQ(read(kAside), "runc elsewhere");
  undo();
  EXPECT_EQ(fs::read_symlink(root_ + kRunc), "../../opt/runc-1.1/runc");
}

TEST_F(LockdownTest, LeavesALinkToRunwardThatSomebodyMade) {
  fs::create_symlink(kProgram, root_ + "/usr/bin/runc");
  lock();
  undo();
  EXPECT_TRUE(is_locked("/usr/bin/runc"));
}

TEST_F(LockdownTest, SaysWhenThereIsNoRunc) {
  fs::remove(root_ + kRunc);
  const auto result = call();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("no runc was found"));
}

TEST_F(LockdownTest, RefusesARunwardThatIsNotThere) {
  fs::remove(root_ + kProgram);
  EXPECT_FALSE(call());
  EXPECT_EQ(read(kRunc), "runc 1");
}

TEST_F(LockdownTest, RefusesABrokenPolicyWhichWouldStopEveryContainer) {
  fs::create_directories(root_ + "/etc/runward");
  std::ofstream(root_ + "/etc/runward/config.json") << "{ broken";
  Given given;
  given.add("root", root_);
  given.add("runtime-path", kProgram);
  given.add("config-dir", "/etc/runward");
  EXPECT_FALSE(run_lockdown(given));
  EXPECT_EQ(read(kRunc), "runc 1");
}

// Somebody who unpacks a new runc over the link must not lose it, nor the one before.
TEST_F(LockdownTest, LosesNoRuncThatWasPutOverTheLink) {
  lock();
  put_program(kRunc, "runc 2");
  for (const std::vector<std::string>& flags : {std::vector<std::string>{}, {"undo"}}) {
    const auto result = call(flags);
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr("two runtimes"));
  }
  EXPECT_EQ(read(kRunc), "runc 2");
  EXPECT_EQ(read(kAside), "runc 1");
  fs::rename(root_ + kRunc, root_ + kAside);
  lock();
  EXPECT_TRUE(is_locked());
  EXPECT_EQ(read(kAside), "runc 2");
}

// Killed after each single act, the next call finishes, in either direction.
class KilledLockdownTest : public LockdownTest, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    LockdownTest::SetUp();
    if (IsSkipped()) return;
    if (GetParam()) make_dpkg();
    if (GetParam() && !has_dpkg()) GTEST_SKIP() << "no dpkg on this machine";
    host_ = {.root = root_, .program = kProgram, .dpkg = Dpkg::find(root_)};
  }
  [[nodiscard]] RuntimePlace place() const {
    auto place = look_at_place(host_, kRunc);
    EXPECT_TRUE(place) << place.error().message;
    return place ? *place : RuntimePlace();
  }
  void put_back() const {
    undo();
    EXPECT_EQ(read(kRunc), "runc 1");
    EXPECT_FALSE(fs::exists(fs::symlink_status(root_ + kAside)));
    EXPECT_EQ(place().diversion, Diversion::none);
  }
  LockdownHost host_;
};

TEST_P(KilledLockdownTest, IsFinishedOrTakenBackByTheNextCall) {
  const auto acts = plan_lock(place());
  ASSERT_TRUE(acts);
  ASSERT_EQ(acts->size(), GetParam() ? 3U : 2U);
  for (std::size_t killed_after = 1; killed_after <= acts->size(); ++killed_after) {
    for (const bool finish : {true, false}) {
      for (std::size_t i = 0; i < killed_after; ++i) {
        ASSERT_TRUE(carry_out(host_, place(), (*acts)[i]));
        EXPECT_TRUE(fs::exists(root_ + kRunc) || is_locked()) << "at no moment is there no runc";
      }
      if (finish) {
        lock();
        EXPECT_TRUE(is_locked());
        EXPECT_EQ(read(kAside), "runc 1");
      }
      put_back();
    }
  }
}

TEST_P(KilledLockdownTest, IsLockedAgainOrPutBackWhenUndoWasKilled) {
  lock();
  const auto acts = plan_unlock(place());
  ASSERT_TRUE(acts);
  for (std::size_t killed_after = 1; killed_after <= acts->size(); ++killed_after) {
    for (const bool finish : {true, false}) {
      for (std::size_t i = 0; i < killed_after; ++i) ASSERT_TRUE(carry_out(host_, place(), (*acts)[i]));
      if (finish) put_back();
      lock();
      EXPECT_TRUE(is_locked());
      EXPECT_EQ(read(kAside), "runc 1");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(DpkgOrNot, KilledLockdownTest, testing::Bool(),
                         [](const auto& test) { return test.param ? "WithDpkg" : "WithoutDpkg"; });

TEST_F(LockdownTest, AddsARecordSoThatPackagesKeepOut) {
  make_dpkg();
  if (!has_dpkg()) GTEST_SKIP() << "no dpkg on this machine";
  lock();
  EXPECT_EQ(read("/var/lib/dpkg/diversions"), std::string(kRunc) + "\n" + kAside + "\n:\n");
  undo();
  EXPECT_EQ(read("/var/lib/dpkg/diversions"), "");
}

TEST_F(LockdownTest, LeavesAnothersDiversionAlone) {
  make_dpkg();
  const auto dpkg = Dpkg::find(root_);
  if (!dpkg) GTEST_SKIP() << "no dpkg on this machine";
  ASSERT_TRUE(dpkg->add(kRunc, "/usr/sbin/runc.distrib"));
  const auto result = call();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("diverted by somebody else"));
  EXPECT_EQ(read(kRunc), "runc 1");
}

TEST_F(LockdownTest, RemovesTheLinkOfAPackageThatIsGone) {
  make_dpkg();
  if (!has_dpkg()) GTEST_SKIP() << "no dpkg on this machine";
  lock();
  fs::remove(root_ + kAside);
  undo();
  EXPECT_FALSE(fs::exists(fs::symlink_status(root_ + kRunc)));
}

TEST_F(LockdownTest, NamesWhatStaysOpen) {
  put_program("/usr/bin/containerd-shim-kata-v2", "kata");
  put_program("/usr/bin/containerd-shim-runc-v2", "shim");
  fs::create_directories(root_ + "/etc/docker");
  std::ofstream(root_ + "/etc/docker/daemon.json")
      << R"({"runtimes": {"crun": {"path": "/usr/bin/crun"}, "plain": {"path": "/usr/sbin/runc"},
             "safe": {"path": "/usr/local/bin/runward-safe"}, "vm": {"runtimeType": "io.containerd.kata.v2"}}})";
  lock();
  EXPECT_THAT(output_, HasSubstr("the runtime 'crun' of /etc/docker/daemon.json is /usr/bin/crun"));
  EXPECT_THAT(output_, HasSubstr("'vm' of /etc/docker/daemon.json is io.containerd.kata.v2"));
  EXPECT_THAT(output_, HasSubstr("containerd-shim-kata-v2"));
  EXPECT_THAT(output_, Not(HasSubstr("'plain'")));
  EXPECT_THAT(output_, Not(HasSubstr("'safe'")));
  EXPECT_THAT(output_, Not(HasSubstr("shim-runc-v2")));
}

// --- which calls are BuildKit's ---------------------------------------------------------------

CallFacts buildkits_call() {
  return {.runtime_name = "runc",
          .runtime_root = {},
          .container_id = "step",
          .flags = {},
          .command = "run",
          .bundle = "/var/lib/docker/buildkit/executor/step"};
}

TEST(BuildRoot, IsTheFolderAroundBuildKitsOwn) {
  CallFacts call = buildkits_call();
  EXPECT_EQ(build_root(call), "/var/lib/docker");
  call.bundle = "/var/lib/docker/100000.100000/buildkit/executor/step";
  EXPECT_EQ(build_root(call), "/var/lib/docker/100000.100000");
  call.bundle = "/var/lib/buildkit/runc-overlayfs/executor/step";
  EXPECT_EQ(build_root(call), "/var/lib/buildkit");
}

TEST(BuildRoot, IsOfNoOtherCall) {
  CallFacts other = buildkits_call();
  other.command = "create";
  EXPECT_FALSE(build_root(other));
  other = buildkits_call();
  other.container_id = "other";
  EXPECT_FALSE(build_root(other));
  for (const char* bundle :
       {"/var/lib/docker/containers/step", "/run/containerd/io.containerd.runtime.v2.task/moby/step",
        "/srv/executor/step", "buildkit/executor/step", "/srv/buildkit/executor/../executor/step", "/srv/buildkit/step",
        "/srv/buildkit/a/b/executor/step"}) {
    other = buildkits_call();
    other.bundle = bundle;
    EXPECT_FALSE(build_root(other)) << bundle;
  }
}

}  // namespace
}  // namespace runward::ctl

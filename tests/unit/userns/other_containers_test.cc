// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/other_containers.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "shim/base/file.h"

namespace runward::userns {
namespace {

using host::MountEntry;
using host::MountTable;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

constexpr int kContainers = 40;
const std::string kData = "/var/lib/docker/overlay2/";

MountEntry entry(const std::string& mount_point, const std::string& filesystem) {
  return {.device = "0:1", .root = "/", .mount_point = mount_point, .filesystem = filesystem};
}

std::string merged(const std::string& id) { return kData + id + "/merged"; }
std::string number(int container) { return "id-" + std::to_string(container); }

// A host of Docker's: our container and others, with a network namespace each.
std::vector<MountEntry> docker_host(int others = kContainers) {
  std::vector<MountEntry> mounts = {
      entry("/", "ext4"),     entry("/proc", "proc"),        entry("/proc/sys/fs/binfmt_misc", "autofs"),
      entry("/run", "tmpfs"), entry("/run/user/0", "tmpfs"), entry("/home", "xfs")};
  for (int i = 0; i < others; ++i) {
    mounts.push_back(entry(merged(number(i)), "overlay"));
    mounts.push_back(entry("/run/docker/netns/" + number(i), "nsfs"));
  }
  mounts.push_back(entry(merged("own"), "overlay"));
  return mounts;
}

const Belongings kOwn = {.rootfs = merged("own"), .shared_memory = "", .paths = {}, .working_folder = "/"};

Belongings that_names(const std::string& path) {
  Belongings belongings = kOwn;
  belongings.paths = {path};
  return belongings;
}

Belongings with_shared_memory(const std::string& path) {
  Belongings belongings = kOwn;
  belongings.shared_memory = path;
  return belongings;
}

TEST(WithoutOtherContainers, KeepsTheHostsMountsAndOurOwn) {
  const auto branches = without_other_containers(docker_host(), kOwn);
  ASSERT_TRUE(branches);
  EXPECT_THAT(*branches, ElementsAre(Branch{"/", false}, Branch{"/proc", true}, Branch{"/run", false},
                                     Branch{"/run/user/0", true}, Branch{"/home", true}, Branch{merged("own"), true}));
}

TEST(WithoutOtherContainers, LeavesAShortTableAsItIs) {
  EXPECT_TRUE(without_other_containers(docker_host(32), kOwn));
  EXPECT_FALSE(without_other_containers(docker_host(31), kOwn));
  EXPECT_FALSE(without_other_containers({}, kOwn));
}

TEST(WithoutOtherContainers, LeavesATableAsItIsOfWhichTooMuchWouldStay) {
  auto mounts = docker_host();
  for (int i = 0; i < kContainers; ++i) mounts.push_back(entry("/snap/" + number(i), "squashfs"));
  EXPECT_FALSE(without_other_containers(mounts, kOwn));
}

TEST(WithoutOtherContainers, KeepsWhatTheDocumentNames) {
  for (const auto& [named, kept] :
       {std::pair(merged("id-3"), merged("id-3")), std::pair(merged("id-3") + "/etc", merged("id-3")),
        std::pair(kData + "id-3", merged("id-3")),
        std::pair(std::string("/run/docker/netns/id-3"), std::string("/run/docker/netns/id-3"))}) {
    const auto branches = without_other_containers(docker_host(), that_names(named));
    ASSERT_TRUE(branches) << named;
    EXPECT_THAT(*branches, Contains(Branch{kept, true})) << named;
  }
}

TEST(WithoutOtherContainers, KeepsAllBelowAFolderThatTheDocumentNames) {
  EXPECT_FALSE(without_other_containers(docker_host(), that_names("/")));
  EXPECT_FALSE(without_other_containers(docker_host(), that_names("/var/lib/docker")));
}

TEST(WithoutOtherContainers, KeepsWhatTheRuntimeWorksIn) {
  Belongings belongings = kOwn;
  belongings.working_folder = merged("id-3") + "/home";
  const auto branches = without_other_containers(docker_host(), belongings);
  ASSERT_TRUE(branches);
  EXPECT_THAT(*branches, Contains(Branch{merged("id-3"), true}));
}

TEST(WithoutOtherContainers, KeepsWhatIsOfAnotherTypeOrPlace) {
  auto mounts = docker_host();
  mounts.push_back(entry(kData + "x/other", "overlay"));
  mounts.push_back(entry(merged("of-ext4"), "ext4"));
  mounts.push_back(entry(kData + "x/y/merged", "overlay"));
  mounts.push_back(entry(kData + "merged", "overlay"));
  const auto branches = without_other_containers(mounts, kOwn);
  ASSERT_TRUE(branches);
  for (auto stays = mounts.end() - 4; stays != mounts.end(); ++stays)
    EXPECT_THAT(*branches, Contains(Branch{stays->mount_point, true}));
}

TEST(WithoutOtherContainers, LeavesOutWhatIsMountedInWhatGoes) {
  auto mounts = docker_host();
  mounts.push_back(entry(merged("id-1") + "/data", "ext4"));
  mounts.push_back(entry(merged("own") + "/data", "ext4"));
  const auto branches = without_other_containers(mounts, kOwn);
  ASSERT_TRUE(branches);
  EXPECT_THAT(*branches, Not(Contains(Branch{merged("id-1") + "/data", true})));
  EXPECT_THAT(*branches, Contains(Branch{merged("own"), true}));  // and with it what is in there
}

TEST(WithoutOtherContainers, LeavesOutSharedMemoryBesideOurOwn) {
  auto mounts = docker_host(0);
  const auto shm = [](const std::string& id) { return "/var/lib/docker/containers/" + id + "/mounts/shm"; };
  mounts.push_back(entry("/dev/shm", "tmpfs"));
  mounts.push_back(entry(shm("own"), "tmpfs"));
  for (int i = 0; i < 2 * kContainers; ++i) mounts.push_back(entry(shm(number(i)), "tmpfs"));
  EXPECT_FALSE(without_other_containers(mounts, kOwn));
  const auto branches = without_other_containers(mounts, with_shared_memory(shm("own")));
  ASSERT_TRUE(branches);
  EXPECT_THAT(*branches, Contains(Branch{shm("own"), true}));
  EXPECT_THAT(*branches, Contains(Branch{"/dev/shm", true}));
  EXPECT_THAT(*branches, Not(Contains(Branch{shm("id-0"), true})));
}

TEST(WithoutOtherContainers, LeavesOutWhatAnotherMountHides) {
  auto mounts = docker_host();
  mounts.insert(mounts.begin() + 1, {entry("/home/hidden", "nfs4"), entry("/home", "ext4"), entry("/run", "ext4")});
  const auto branches = without_other_containers(mounts, kOwn);
  ASSERT_TRUE(branches);
  EXPECT_THAT(*branches, ElementsAre(Branch{"/", false}, Branch{"/proc", true}, Branch{"/run", false},
                                     Branch{"/run/user/0", true}, Branch{"/home", true}, Branch{merged("own"), true}));
}

// A user of the engine's chooses what is to be /dev/shm: "/tmp" would have "/run" for a like.
TEST(WithoutOtherContainers, TakesNothingForALikeOfWhatIsNoSharedMemoryOfAnEngines) {
  auto mounts = docker_host();
  mounts.push_back(entry("/tmp", "tmpfs"));
  mounts.push_back(entry("/sys/fs/cgroup/memory", "cgroup"));
  mounts.push_back(entry("/sys/fs/cgroup/pids", "cgroup"));
  for (const char* const source : {"/tmp", "/sys/fs/cgroup/memory", "", "relative", "/srv/link"}) {
    const auto branches = without_other_containers(mounts, with_shared_memory(source));
    ASSERT_TRUE(branches) << source;
    EXPECT_THAT(*branches, Contains(Branch{"/run", false})) << source;
    EXPECT_THAT(*branches, Contains(Branch{"/sys/fs/cgroup/pids", true})) << source;
  }
}

TEST(WithoutOtherContainers, TakesNothingForALikeOfARootFilesystemHighUp) {
  auto mounts = docker_host(2 * kContainers);
  mounts.push_back(entry("/srv/web/rootfs", "overlay"));
  mounts.push_back(entry("/srv/data/rootfs", "overlay"));
  std::erase_if(mounts, [](const MountEntry& mount) { return mount.mount_point.starts_with(kData); });
  Belongings belongings = kOwn;
  belongings.rootfs = "/srv/web/rootfs";
  const auto branches = without_other_containers(mounts, belongings);
  ASSERT_TRUE(branches);
  EXPECT_THAT(*branches, Contains(Branch{"/srv/data/rootfs", true}));
}

TEST(WithoutOtherContainers, LeavesATableAsItIsThatCantBeCopied) {
  auto mounts = docker_host();
  mounts[2].is_unbindable = true;  // in a branch, where the kernel leaves it out without a word
  EXPECT_FALSE(without_other_containers(mounts, kOwn));
  mounts = docker_host();
  mounts[4].root = "/gone//deleted";
  EXPECT_FALSE(without_other_containers(mounts, kOwn));
  mounts = docker_host();
  mounts.push_back(entry("/", "ext4"));
  EXPECT_FALSE(without_other_containers(mounts, kOwn));
}

TEST(WithoutOtherContainers, LooksAtNothingThatMayNotAnswer) {
  auto mounts = docker_host();
  mounts.push_back(entry("/fuse", "fuse.sshfs"));  // its server is not asked
  mounts.push_back(entry("/home/nfs", "nfs4"));    // copied with /home, and not looked at
  EXPECT_TRUE(without_other_containers(mounts, kOwn));
  mounts.push_back(entry("/nfs", "nfs4"));
  EXPECT_FALSE(without_other_containers(mounts, kOwn));
}

// --- in a mount namespace ----------------------------------------------------------------------

constexpr int kCannot = 77;

void alone(const std::function<void()>& check) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      ::_exit(kCannot);
    check();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kCannot) GTEST_SKIP() << "needs root and a mount namespace";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

void mount_tmpfs(const std::string& folder) {
  std::filesystem::create_directories(folder);
  ASSERT_EQ(::mount("tmpfs", folder.c_str(), "tmpfs", 0, nullptr), 0) << folder;
}

// Below /mnt, where a tmpfs is mounted first.
void mount_containers(int count) {
  mount_tmpfs("/mnt");
  std::filesystem::create_directories("/mnt/staging");
  mount_tmpfs("/mnt/kept place");
  for (int i = 0; i < count; ++i) mount_tmpfs("/mnt/data/" + number(i) + "/merged");
  mount_tmpfs("/mnt/data/own/merged");
  ASSERT_TRUE(std::filesystem::create_directory("/mnt/data/own/merged/file"));
}

std::vector<std::string> mount_points() {
  const auto text = read_file("/proc/self/mountinfo", std::size_t{16} << 20U);
  std::vector<std::string> points;
  if (!text) return points;
  const MountTable table = MountTable::parse(*text);
  for (const MountEntry& mount : table.entries()) points.push_back(mount.mount_point);
  return points;
}

const Belongings kBelowMnt = {.rootfs = "/mnt/data/own/merged", .shared_memory = "", .paths = {}, .working_folder = ""};

// Of the machine's own mounts those that no container's engine makes or ends meanwhile.
std::vector<std::string> lasting(std::vector<std::string> points) {
  std::erase_if(points, [](const std::string& path) {
    const std::string_view top = std::string_view(path).substr(0, path.find('/', 1));
    return top != "/" && top != "/proc" && top != "/sys" && top != "/dev" && top != "/mnt";
  });
  return points;
}

TEST(LeaveOtherContainersOut, LeavesAllElseInItsPlace) {
  alone([] {
    auto expected = lasting(mount_points());
    std::erase_if(expected, [](const std::string& path) { return path.starts_with("/mnt"); });  // hidden by ours
    mount_containers(100);
    ASSERT_EQ(::chdir("/mnt/data/own"), 0);
    ASSERT_TRUE(leave_other_containers_out("/mnt/staging", kBelowMnt));
    expected.insert(expected.end(), {"/mnt", "/mnt/kept place", "/mnt/data/own/merged"});
    EXPECT_THAT(lasting(mount_points()), testing::UnorderedElementsAreArray(expected));
    EXPECT_TRUE(std::filesystem::exists("merged/file"));  // the working folder is the same
    EXPECT_EQ(std::filesystem::current_path(), "/mnt/data/own");
    EXPECT_TRUE(std::filesystem::is_empty("/mnt/data/id-7/merged"));
  });
}

TEST(LeaveOtherContainersOut, DoesNothingWhereFewAreThere) {
  alone([] {
    mount_containers(10);
    const auto before = mount_points();
    ASSERT_TRUE(leave_other_containers_out("/mnt/staging", kBelowMnt));
    EXPECT_EQ(mount_points(), before);
  });
}

// What has been mounted over it since has the same path.
TEST(LeaveOtherContainersOut, LeavesAllAsItIsWhereTheWorkingFolderIsNotToBeFoundAgain) {
  alone([] {
    mount_containers(100);
    std::filesystem::create_directories("/mnt/work/inner");
    ASSERT_EQ(::chdir("/mnt/work"), 0);
    mount_tmpfs("/mnt/work");
    const auto before = mount_points();
    ASSERT_TRUE(leave_other_containers_out("/mnt/staging", kBelowMnt));
    EXPECT_EQ(mount_points(), before);
    EXPECT_TRUE(std::filesystem::exists("inner"));
  });
}

// The way back: a place to build at that is not there.
TEST(LeaveOtherContainersOut, LeavesAllAsItIsWhereItFails) {
  alone([] {
    mount_containers(100);
    const auto before = mount_points();
    ASSERT_EQ(::chdir("/mnt/data"), 0);
    ASSERT_TRUE(leave_other_containers_out("/mnt/nowhere", kBelowMnt));
    EXPECT_EQ(mount_points(), before);
    EXPECT_EQ(std::filesystem::current_path(), "/mnt/data");
  });
}

// All has been put together when pivot_root(2) refuses, here for a shared mount below the new root.
TEST(LeaveOtherContainersOut, TakesAllAwayAgainWhereItCantBeTheRoot) {
  alone([] {
    mount_containers(100);
    ASSERT_EQ(::mount(nullptr, "/mnt", nullptr, MS_SHARED, nullptr), 0);
    const auto before = mount_points();
    ASSERT_EQ(::chdir("/mnt/data"), 0);
    ASSERT_TRUE(leave_other_containers_out("/mnt/staging", kBelowMnt));
    EXPECT_EQ(mount_points(), before);
    EXPECT_EQ(std::filesystem::current_path(), "/mnt/data");
  });
}

// Where "/" is a folder (chroot(2)), it can't be replaced.
TEST(LeaveOtherContainersOut, LeavesAllAsItIsInAChangedRoot) {
  alone([] {
    mount_tmpfs("/mnt");
    for (const char* const folder : {"/mnt/root", "/mnt/root/mnt", "/mnt/root/proc"})
      ASSERT_TRUE(std::filesystem::create_directory(folder));
    ASSERT_EQ(::mount("/proc", "/mnt/root/proc", nullptr, MS_BIND | MS_REC, nullptr), 0);
    ASSERT_EQ(::chroot("/mnt/root"), 0);
    ASSERT_EQ(::chdir("/"), 0);
    mount_containers(100);
    const auto before = mount_points();
    ASSERT_TRUE(leave_other_containers_out("/mnt/staging", kBelowMnt));
    EXPECT_EQ(mount_points(), before);
    EXPECT_EQ(std::filesystem::current_path(), "/");
  });
}

// As the host's mounts that come later do not vanish from ours, a copy goes on following them.
TEST(LeaveOtherContainersOut, LeavesMountsInTheirPeerGroups) {
  alone([] {
    mount_containers(100);
    ASSERT_EQ(::mount(nullptr, "/mnt", nullptr, MS_SHARED, nullptr), 0);
    const pid_t later = ::fork();
    if (later == 0) {
      ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
      ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr), 0);
      ASSERT_TRUE(leave_other_containers_out("/mnt/staging", kBelowMnt));
      EXPECT_THAT(mount_points(), Not(Contains("/mnt/data/id-7/merged")));
      EXPECT_EQ(::system("grep -q ' /mnt .*master:' /proc/self/mountinfo"), 0);
      ::_exit(testing::Test::HasFailure() ? 1 : 0);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(later, &status, 0), later);
    EXPECT_EQ(status, 0);
  });
}

}  // namespace
}  // namespace runward::userns

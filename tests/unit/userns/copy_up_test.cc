// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/copy_up.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/userns/own_mounts.h"

namespace runward::userns {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// An engine's overlay with an empty upper layer, on a tmpfs of a mount namespace of our own.
class CopyUpTest : public OwnMounts {
 protected:
  void SetUp() override {
    OwnMounts::SetUp();
    if (top_.empty()) return;
    for (const char* const folder : {"image", "upper", "work", "merged", "outside"})
      fs::create_directory(top_ / folder);
  }

  void folder(const std::string& path) const { fs::create_directories(image() + path); }
  void file(const std::string& path) const {
    folder(fs::path(path).parent_path());
    std::ofstream(image() + path) << "of the image";
  }
  void program(const std::string& path) const {
    file(path);
    fs::permissions(image() + path, fs::perms::owner_exec, fs::perm_options::add);
  }
  [[nodiscard]] std::string image() const { return top_ / "image"; }
  [[nodiscard]] std::string upper() const { return top_ / "upper"; }

  bool mount_merged(const std::string& more = "") const {
    const std::string upper_too = ",upperdir=" + upper() + ",workdir=" + (top_ / "work").string();
    const std::string options = "lowerdir=" + image() + (more == "lower only" ? ":" + upper() : upper_too);
    return ::mount("overlay", merged().c_str(), "overlay", 0, options.c_str()) == 0;
  }

  // What is in the upper layer after it.
  std::vector<std::string> copied(const std::vector<std::string>& mounts,
                                  const oci::Value& process = oci::Value::object(),
                                  policy::RootfsMode mode = policy::RootfsMode::read_only) const {
    if (!mount_merged()) return {"no overlay here"};
    run(mounts, process, mode);
    return in_upper();
  }
  void run(const std::vector<std::string>& mounts, const oci::Value& process = oci::Value::object(),
           policy::RootfsMode mode = policy::RootfsMode::read_only) const {
    oci::Value document = {{"process", process}, {"mounts", oci::Value::array()}};
    for (const std::string& point : mounts) document["mounts"].push_back({{"destination", point}, {"type", "tmpfs"}});
    copy_up_held_folders(merged(), oci::Spec(document), mode, scratch_);
  }
  [[nodiscard]] std::vector<std::string> in_upper() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(upper()))
      all.push_back(entry.path().native().substr(upper().size()));
    return all;
  }

  std::vector<policy::Scratch> scratch_;
};

TEST_F(CopyUpTest, FoldersAboveMountsAndNoMore) {
  file("/etc/hosts");
  folder("/etc/other");
  folder("/var/tmp");
  folder("/usr/share/nginx/html");
  folder("/home");
  EXPECT_THAT(copied({"/etc/hosts", "/usr/share/nginx/html/", "//var//tmp"}),
              UnorderedElementsAre("/etc", "/var", "/usr", "/usr/share", "/usr/share/nginx"));
}

TEST_F(CopyUpTest, OwnerModeAndTimeStay) {
  folder("/etc/sub");
  ASSERT_EQ(::chown((image() + "/etc").c_str(), 1000, 33), 0);
  ASSERT_EQ(::chmod((image() + "/etc").c_str(), 03751), 0);
  const struct timespec times[2] = {{.tv_sec = 5, .tv_nsec = 7}, {.tv_sec = 1000, .tv_nsec = 123456789}};  // NOLINT
  ASSERT_EQ(::utimensat(AT_FDCWD, (image() + "/etc").c_str(), times, 0), 0);
  EXPECT_THAT(copied({"/etc/sub"}), UnorderedElementsAre("/etc"));
  struct stat status {};
  ASSERT_EQ(::stat((upper() + "/etc").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 1000U);
  EXPECT_EQ(status.st_gid, 33U);
  EXPECT_EQ(status.st_mode & 07777U, 03751U);
  EXPECT_EQ(status.st_mtim.tv_sec, 1000);
  EXPECT_EQ(status.st_mtim.tv_nsec, 123456789);
}

TEST_F(CopyUpTest, WhatAMountHidesIsLeft) {
  folder("/dev/pts");
  folder("/sys/fs/cgroup");
  folder("/data/a/b");
  EXPECT_THAT(copied({"/dev", "/dev/pts", "/sys", "/sys/fs/cgroup", "/data", "/data/a/b"}, {{"cwd", "/data/a"}}),
              IsEmpty());
}

TEST_F(CopyUpTest, AMountOverAllLeavesNothingToDo) {
  folder("/etc");
  EXPECT_THAT(copied({"/", "/etc/hosts"}, {{"cwd", "/etc"}}), IsEmpty());
}

TEST_F(CopyUpTest, WhereTheImageHasNoSuchFolderTheOneAboveIt) {
  folder("/var/lib");
  EXPECT_THAT(copied({"/var/lib/mysql/data/x", "/nothing/of/it"}), UnorderedElementsAre("/var", "/var/lib"));
}

TEST_F(CopyUpTest, AFileOnTheWayIsNoFolder) {
  file("/var/file");
  EXPECT_THAT(copied({"/var/file/below/it"}), UnorderedElementsAre("/var"));
}

TEST_F(CopyUpTest, LinksAreFollowedInsideTheRoot) {
  folder("/run/app");
  folder("/var");
  fs::create_directory_symlink("/run", image() + "/var/run");
  fs::create_directory_symlink("../../../../../../run/app", image() + "/var/up");
  EXPECT_THAT(copied({"/var/run/lock", "/var/up/x"}), UnorderedElementsAre("/run", "/run/app"));
}

TEST_F(CopyUpTest, NothingOutsideOfTheRootIsTouched) {
  folder("/var");
  const std::string outside = top_ / "outside";
  fs::create_directory_symlink(outside, image() + "/link");
  fs::create_directory_symlink("/proc/self/cwd", image() + "/magic");
  fs::create_directory_symlink("/loop", image() + "/loop");
  struct stat before {};
  struct stat after {};
  ASSERT_EQ(::stat(outside.c_str(), &before), 0);
  EXPECT_THAT(copied({"/link/x", "/magic/x", "/loop/x", "../../outside/x", "/../../outside/x"}, {{"cwd", "/link"}}),
              IsEmpty());
  ASSERT_EQ(::stat(outside.c_str(), &after), 0);
  EXPECT_EQ(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
}

TEST_F(CopyUpTest, WhatIsMountedThereIsNotTouched) {
  folder("/etc/in");
  ASSERT_TRUE(mount_merged());
  ASSERT_EQ(::mount((top_ / "outside").c_str(), (merged() + "/etc/in").c_str(), nullptr, MS_BIND, nullptr), 0);
  struct stat before {};
  struct stat after {};
  ASSERT_EQ(::stat((top_ / "outside").c_str(), &before), 0);
  run({"/etc/in/x"});
  ASSERT_EQ(::stat((top_ / "outside").c_str(), &after), 0);
  EXPECT_EQ(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
  EXPECT_THAT(in_upper(), UnorderedElementsAre("/etc"));
}

TEST_F(CopyUpTest, TheWorkingFolderItself) {
  folder("/srv/www/here");
  EXPECT_THAT(copied({}, {{"cwd", "/srv/www/here/"}}), UnorderedElementsAre("/srv", "/srv/www", "/srv/www/here"));
}

TEST_F(CopyUpTest, TheProgramsFolderAndThoseOfLibraries) {
  program("/opt/app/run");
  folder("/usr/lib");
  fs::create_directory_symlink("usr/lib", image() + "/lib");
  EXPECT_THAT(copied({}, {{"args", {"/opt/app/run"}}}), UnorderedElementsAre("/opt", "/opt/app", "/usr", "/usr/lib"));
}

TEST_F(CopyUpTest, TheProgramIsFoundByPathAsInTheContainer) {
  program("/opt/bin/run");
  program("/srv/real");
  folder("/bin");
  fs::create_symlink("/srv/real", image() + "/opt/bin/linked");
  EXPECT_THAT(copied({}, {{"args", {"run"}}, {"env", {"A=b", "PATH=/bin:/opt/bin"}}}),
              UnorderedElementsAre("/opt", "/opt/bin"));
}

TEST_F(CopyUpTest, AFolderOrAFileOfThatNameIsNoProgram) {
  folder("/bin/run");
  file("/sbin/run");
  program("/opt/bin/run");
  EXPECT_THAT(copied({}, {{"args", {"run"}}, {"env", {"PATH=/bin:/sbin:/opt/bin"}}}),
              UnorderedElementsAre("/opt", "/opt/bin"));
}

TEST_F(CopyUpTest, AProgramsRelativeNameBeginsAtTheWorkingFolder) {
  program("/srv/app/bin/run");
  EXPECT_THAT(copied({}, {{"args", {"bin/run"}}, {"cwd", "/srv/app"}}),
              UnorderedElementsAre("/srv", "/srv/app", "/srv/app/bin"));
}

TEST_F(CopyUpTest, AFolderThatLiesDeepIsLeft) {
  std::string deep;
  for (int i = 0; i < 16; ++i) deep += "/d";
  folder(deep + "/d/x");
  EXPECT_THAT(copied({deep + "/d/x"}), IsEmpty());
  run({deep + "/x"});
  EXPECT_EQ(in_upper().size(), 16U);
}

TEST_F(CopyUpTest, AProgramThatIsALinkLiesWhereTheLinkLeads) {
  program("/srv/real");
  folder("/opt/bin");
  fs::create_symlink("/srv/real", image() + "/opt/bin/linked");
  EXPECT_THAT(copied({}, {{"args", {"/opt/bin/linked"}}}), UnorderedElementsAre("/srv"));
}

TEST_F(CopyUpTest, AnInitOfTheEnginesStartsTheProgram) {
  folder("/sbin");
  program("/opt/run");
  EXPECT_THAT(copied({"/sbin/docker-init"}, {{"args", {"/sbin/docker-init", "--", "/opt/run"}}}),
              UnorderedElementsAre("/sbin", "/opt"));
}

TEST_F(CopyUpTest, ScratchPathsAreMountsOfAReadOnlyRootOnly) {
  folder("/var/tmp");
  folder("/srv/there");
  folder("/opt");
  scratch_ = {{.path = "/var/tmp"}, {.path = "/srv/there", .if_exists = true}, {.path = "/opt/not", .if_exists = true}};
  EXPECT_THAT(copied({}, oci::Value::object(), policy::RootfsMode::writable), IsEmpty());
  run({});
  EXPECT_THAT(in_upper(), UnorderedElementsAre("/var", "/srv"));
}

TEST_F(CopyUpTest, NoMoreThanSoManyFolders) {
  std::vector<std::string> mounts;
  for (int i = 0; i < 200; ++i) {
    const std::string name = "/m" + std::to_string(i);
    folder(name + "/x");
    mounts.push_back(name + "/x");
  }
  EXPECT_EQ(copied(mounts).size(), 64U);
}

TEST_F(CopyUpTest, WithoutAnUpperLayerNothingHappens) {
  folder("/etc/x");
  ASSERT_TRUE(mount_merged("lower only"));
  run({"/etc/x", "/" + std::string(100000, 'a')}, {{"cwd", "/etc"}, {"args", {"x", "--", ""}}, {"env", {"PATH=:::"}}});
  EXPECT_THAT(in_upper(), IsEmpty());
}

TEST_F(CopyUpTest, AFolderThatIsInTheUpperLayerStaysAsItIs) {
  folder("/etc/x");
  fs::create_directory(upper() + "/etc");
  std::ofstream(upper() + "/etc/own") << "1";
  EXPECT_THAT(copied({"/etc/x"}), UnorderedElementsAre("/etc", "/etc/own"));
}

// What it is all for: a second overlay over the same layers, a mount in a folder of it, and a file that comes later.
TEST_F(CopyUpTest, WhatComesIntoTheFolderLaterIsSeenByAnotherOverlay) {
  file("/etc/hosts");
  ASSERT_TRUE(mount_merged());
  run({"/etc/hosts"});
  for (const char* const folder : {"own", "own-work", "container"}) fs::create_directory(top_ / folder);
  const std::string container = top_ / "container";
  const std::string options = "index=off,lowerdir=" + upper() + ":" + image() + ",upperdir=" + (top_ / "own").string() +
                              ",workdir=" + (top_ / "own-work").string();
  ASSERT_EQ(::mount("overlay", container.c_str(), "overlay", 0, options.c_str()), 0);
  const std::string hosts = container + "/etc/hosts";
  ASSERT_EQ(::mount(hosts.c_str(), hosts.c_str(), nullptr, MS_BIND, nullptr), 0);
  std::ofstream(merged() + "/etc/new") << "new";
  EXPECT_TRUE(fs::exists(container + "/etc/new"));
  ::umount2(hosts.c_str(), MNT_DETACH);
  ::umount2(container.c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace runward::userns

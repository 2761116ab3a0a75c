// SPDX-License-Identifier: Apache-2.0
// In a mount namespace of its own, with a host that is made of tmpfs: what really counts is what the kernel says.

#include "shim/host/mount_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "shim/base/unique_fd.h"

namespace runward::host {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

namespace fs = std::filesystem;

constexpr auto kId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

// Whether this process has a mount namespace of its own now; the others of the machine see nothing of it.
bool enter_own_mount_namespace() {
  static const bool kEntered = ::geteuid() == 0 && ::unshare(CLONE_NEWNS) == 0 &&
                               ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  return kEntered;
}

class MountSources : public testing::Test {
 protected:
  void SetUp() override {
    if (!enter_own_mount_namespace()) GTEST_SKIP() << "needs root and a mount namespace of its own";
    top_ = "/tmp/mount_sources_test." + std::to_string(::getpid());
    fs::create_directories(top_);
    ASSERT_EQ(::mount("host", top_.c_str(), "tmpfs", 0, nullptr), 0);
    for (const char* folder : {"run/docker", "data/volumes/v/_data/inside", "data/volumes/bound/_data",
                               "data/overlay2/l/merged", "home/u", "srv/app/deep", "etc"})
      fs::create_directories(top_ + "/" + folder);
    fs::create_directories(top_ + "/data/containers/" + kId);
    std::ofstream(top_ + "/data/containers/" + kId + "/hosts") << "x";
    make_socket(top_ + "/run/docker.sock");
    engine_ = engine_folders(top_ + "/data/overlay2/l/merged", top_ + "/run/docker/runtime-runc/moby", kId);
    rule_.denied_sources = {top_ + "/run/docker.sock", top_ + "/run", top_ + "/data", top_ + "/etc"};
  }
  void TearDown() override {
    if (top_.empty()) return;
    ::umount2(top_.c_str(), MNT_DETACH);
    fs::remove(top_);
  }

  static void make_socket(const std::string& path) {
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(path.size(), sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size());
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  void bind(const std::string& from, const std::string& to) const {
    ASSERT_EQ(::mount((top_ + from).c_str(), (top_ + to).c_str(), nullptr, MS_BIND, nullptr), 0) << from << " " << to;
  }
  [[nodiscard]] MountSource look(const std::string& source, const std::string& destination = "/data") const {
    const oci::Mount mount{.destination = destination, .type = "bind", .source = source, .options = {"rbind"}};
    const auto sources = probe_mount_sources({mount}, rule_, engine_, false);
    EXPECT_TRUE(sources);
    return sources ? sources->at(source) : MountSource();
  }
  [[nodiscard]] static std::vector<std::string> exposed(MountSource source) {
    source.inside.insert(source.inside.end(), source.contains.begin(), source.contains.end());
    return source.inside;
  }
  [[nodiscard]] MountSource look_below(const std::string& path) const { return look(top_ + path); }
  [[nodiscard]] std::string sock() const { return top_ + "/run/docker.sock"; }

  std::string top_;
  policy::Mounts rule_;
  EngineFolders engine_;
};

TEST_F(MountSources, FindsTheEnginesFolders) {
  EXPECT_EQ(engine_.data_root, top_ + "/data");
  EXPECT_EQ(engine_.exec_root, top_ + "/run/docker");
}

TEST_F(MountSources, KnowsWhatBuildKitMountsIntoAStep) {
  for (const char* folder : {"/data/buildkit/executor/step", "/data/overlay2/cache/diff", "/data/volumes/other/_data",
                             "/data/containers/other"})
    fs::create_directories(top_ + folder);
  rule_.denied_sources.push_back(top_ + "/data");
  EXPECT_FALSE(look_below("/data/overlay2/cache/diff").is_engine_file) << "an ordinary container's";
  engine_ = engine_folders(top_ + "/data/buildkit/executor/step/rootfs", "", "step", top_ + "/data");
  EXPECT_TRUE(look_below("/data/overlay2/cache/diff").is_engine_file);
  EXPECT_TRUE(look_below("/data/buildkit/executor/step").is_engine_file);
  for (const char* other : {"/data", "/data/overlay2", "/data/volumes/other/_data", "/data/containers/other", "/run"})
    EXPECT_FALSE(look_below(other).is_engine_file) << other;
}

TEST_F(MountSources, KnowsAPluginsOwnFolders) {
  const std::string id(64, 'd');
  const std::string folder = "/data/plugins/" + id;
  fs::create_directories(top_ + folder + "/rootfs");
  fs::create_directories(top_ + folder + "/propagated-mount");
  engine_ = engine_folders(top_ + folder + "/rootfs", top_ + "/run/docker/runtime-runc/plugins.moby", id);
  EXPECT_EQ(engine_.data_root, top_ + "/data");
  EXPECT_TRUE(look_below(folder + "/propagated-mount").is_engine_file);
  EXPECT_FALSE(look_below(folder).is_engine_file);
  engine_ = engine_folders(top_ + folder + "/rootfs", top_ + "/run/docker/runtime-runc/moby", id);
  EXPECT_FALSE(look_below(folder + "/propagated-mount").is_engine_file) << "no plugin";
}

TEST_F(MountSources, SeesTheSocketItself) { EXPECT_THAT(exposed(look_below("/run/docker.sock")), Contains(sock())); }

TEST_F(MountSources, SeesTheSocketInItsFolderAndAbove) {
  EXPECT_THAT(exposed(look_below("/run")), Contains(sock()));
  EXPECT_THAT(exposed(look(top_)), Contains(sock()));
  EXPECT_THAT(exposed(look("/")), Contains(sock()));
}

TEST_F(MountSources, TellsWhatASourceLiesInFromWhatItHasInside) {
  EXPECT_THAT(look_below("/run/docker.sock").inside, Contains(top_ + "/run"));
  EXPECT_THAT(look_below("/run/docker.sock").contains, IsEmpty());
  EXPECT_THAT(look(top_).contains, Contains(sock()));
  EXPECT_THAT(look(top_).inside, IsEmpty());
}

TEST_F(MountSources, SeesTheHostsSystemInARootFilesystem) {
  const auto whole = probe_rootfs(top_, rule_, EngineFolders());
  ASSERT_TRUE(whole);
  EXPECT_THAT(*whole, Contains(top_ + "/etc"));
  const auto image = probe_rootfs(top_ + "/srv/app", rule_, EngineFolders());
  ASSERT_TRUE(image);
  EXPECT_THAT(*image, IsEmpty());
}

TEST_F(MountSources, SeesThroughSymbolicLinks) {
  fs::create_symlink(top_ + "/run", top_ + "/home/u/link");
  fs::create_symlink("../../run/docker.sock", top_ + "/home/u/sock");
  EXPECT_THAT(exposed(look_below("/home/u/link")), Contains(sock()));
  EXPECT_THAT(exposed(look_below("/home/u/link/docker.sock")), Contains(sock()));
  EXPECT_THAT(exposed(look_below("/home/u/sock")), Contains(sock()));
}

TEST_F(MountSources, SeesThroughDotDotAndDoubleSlashes) {
  EXPECT_THAT(exposed(look(top_ + "/home/u/../..//run/./docker.sock")), Contains(sock()));
}

TEST_F(MountSources, SeesABindMountOfTheFolderElsewhere) {
  fs::create_directories(top_ + "/home/u/alias");
  bind("/run", "/home/u/alias");
  EXPECT_THAT(exposed(look_below("/home/u/alias")), Contains(sock()));
  EXPECT_THAT(exposed(look_below("/home/u/alias/docker.sock")), Contains(sock()));
  EXPECT_THAT(exposed(look_below("/home/u")), Contains(sock())) << "the alias is a mount inside";
}

TEST_F(MountSources, SeesABindMountOfTheSocketElsewhere) {
  std::ofstream(top_ + "/home/u/file") << "x";
  bind("/run/docker.sock", "/home/u/file");
  EXPECT_THAT(exposed(look_below("/home/u/file")), Contains(sock()));
  EXPECT_THAT(exposed(look_below("/home/u")), Contains(sock()));
}

TEST_F(MountSources, SeesADeepFolderOfADeniedOneThroughAnAlias) {
  fs::create_directories(top_ + "/etc/ssl/private");
  fs::create_directories(top_ + "/home/u/keys");
  bind("/etc/ssl/private", "/home/u/keys");
  EXPECT_THAT(exposed(look_below("/home/u/keys")), Contains(top_ + "/etc"));
}

TEST_F(MountSources, SeesASubmountDeepInside) {
  bind("/run", "/srv/app/deep");
  EXPECT_THAT(exposed(look_below("/srv")), Contains(sock()));
}

TEST_F(MountSources, HasNoObjectionToAnOrdinaryFolder) {
  const MountSource source = look_below("/srv/app");
  EXPECT_EQ(source.resolved, top_ + "/srv/app");
  EXPECT_THAT(exposed(source), IsEmpty());
  EXPECT_FALSE(source.is_volume);
  EXPECT_FALSE(source.is_engine_file);
}

TEST_F(MountSources, ExemptsANamedVolumeOfTheEngine) {
  for (const char* path : {"/data/volumes/v/_data", "/data/volumes/v/_data/inside"}) {
    const MountSource source = look_below(path);
    EXPECT_TRUE(source.is_volume) << path;
    EXPECT_THAT(exposed(source), IsEmpty()) << path;
  }
}

TEST_F(MountSources, DoesNotExemptWhatIsNoVolumesContent) {
  for (const char* path : {"/data/volumes", "/data/volumes/v", "/data", "/data/overlay2/l/merged"})
    EXPECT_THAT(exposed(look_below(path)), Not(IsEmpty())) << path;
}

TEST_F(MountSources, DoesNotExemptAVolumeThatIsBoundToADeniedFolder) {
  bind("/run", "/data/volumes/bound/_data");
  EXPECT_THAT(exposed(look_below("/data/volumes/bound/_data")), Contains(sock()));
}

TEST_F(MountSources, DoesNotExemptAVolumeThatIsBoundToTheEnginesStore) {
  bind("/data", "/data/volumes/bound/_data");
  EXPECT_THAT(exposed(look_below("/data/volumes/bound/_data")), Not(IsEmpty()));
}

TEST_F(MountSources, ExemptsTheFilesThatTheEngineMadeForThisContainer) {
  const MountSource source = look(top_ + "/data/containers/" + kId + "/hosts", "/etc/hosts");
  EXPECT_TRUE(source.is_engine_file);
  EXPECT_THAT(exposed(source), IsEmpty());
}

// The folder holds config.v2.json, by which a container would choose its own runtime at the next start of dockerd.
TEST_F(MountSources, DoesNotExemptTheRecordOfThisContainer) {
  EXPECT_FALSE(look(top_ + "/data/containers/" + kId, "/etc/hosts").is_engine_file);
  EXPECT_FALSE(look(top_ + "/data/containers/" + kId + "/hosts", "/data").is_engine_file);
}

// `docker volume create -o type=proc -o device=proc`: nothing to compare, so the type itself is the objection.
TEST_F(MountSources, NamesAFilesystemThatDoesNotTellWhatIsBehindIt) {
  fs::create_directories(top_ + "/data/volumes/kernel/_data");
  ASSERT_EQ(::mount("proc", (top_ + "/data/volumes/kernel/_data").c_str(), "proc", 0, nullptr), 0);
  EXPECT_EQ(look_below("/data/volumes/kernel/_data").filesystem, "proc");
  EXPECT_EQ(look_below("/data/volumes").filesystem, "proc");
}

TEST_F(MountSources, DoesNotExemptThoseOfAnotherContainer) {
  const std::string other = "/data/containers/" + std::string(64, 'f');
  fs::create_directories(top_ + other);
  EXPECT_FALSE(look_below(other).is_engine_file);
  EXPECT_THAT(exposed(look_below(other)), Not(IsEmpty()));
}

// The only bind of the document, so that the short way for engine files is taken.
TEST_F(MountSources, IsNotFooledByAPathThatLeavesTheEnginesFolderAgain) {
  const MountSource source = look(top_ + "/data/containers/" + kId + "/../../../etc");
  EXPECT_FALSE(source.is_engine_file);
  EXPECT_THAT(exposed(source), Contains(top_ + "/etc"));
}

TEST_F(MountSources, TellsWhichAllowedSourceItLiesBelow) {
  fs::create_directories(top_ + "/etc/ssl/certs");
  rule_.allowed_sources = {top_ + "/etc/ssl"};
  EXPECT_THAT(look_below("/etc/ssl/certs").allowed_by, Contains(top_ + "/etc/ssl"));
  EXPECT_THAT(look_below("/etc").allowed_by, IsEmpty());
}

TEST_F(MountSources, SaysNothingOfASourceThatIsNotThere) { EXPECT_EQ(look_below("/missing").resolved, ""); }

TEST_F(MountSources, IgnoresMountsThatAreNoBinds) {
  const auto sources = probe_mount_sources({{.destination = "/proc", .type = "proc", .source = "proc", .options = {}}},
                                           rule_, engine_, false);
  ASSERT_TRUE(sources);
  EXPECT_THAT(*sources, IsEmpty());
}

TEST_F(MountSources, ExemptsRootsInitProgramAtItsPlace) {
  std::ofstream(top_ + "/srv/docker-init") << "x";
  rule_.denied_sources.push_back(top_ + "/srv");
  const oci::Mount mount{.destination = "/sbin/docker-init",
                         .type = "bind",
                         .source = top_ + "/srv/docker-init",
                         .options = {"bind", "ro"}};
  const auto sources = probe_mount_sources({mount}, rule_, engine_, false);
  ASSERT_TRUE(sources);
  EXPECT_TRUE(sources->at(mount.source).is_engine_file);
  ASSERT_EQ(::chmod(mount.source.c_str(), 0666), 0);
  EXPECT_FALSE(probe_mount_sources({mount}, rule_, engine_, false)->at(mount.source).is_engine_file);
}

TEST_F(MountSources, FindsTheExecRootOnlyWhereItHasTheEnginesForm) {
  fs::create_directories(top_ + "/run/docker/runtime-runc/moby");
  EXPECT_EQ(engine_folders("/none", top_ + "/run/docker/runtime-runc/moby", kId).exec_root, top_ + "/run/docker");
  EXPECT_EQ(engine_folders("/none", top_ + "/run/docker/moby", kId).exec_root, "");
  EXPECT_EQ(engine_folders("/none", "", kId).exec_root, "");
}

}  // namespace
}  // namespace runward::host

// SPDX-License-Identifier: Apache-2.0
#include "shim/host/docker_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "shim/oci/value.h"

namespace runward::host {
namespace {

using testing::ElementsAre;
using testing::Pair;

const std::string kId = std::string(64, 'c');
const std::string kImage = "sha256:" + std::string(64, 'a');

// A data root as Docker lays it out.
class DockerFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "Docker's files must be root's";
    std::string pattern = "/tmp/runward-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    put("containers/" + kId + "/config.v2.json",
        R"({"ID": ")" + kId + R"(", "Image": ")" + kImage +
            R"(", "Driver": "overlay2", "Config": {"Image": "me/app:1", "Labels": {"a": "image", "b": "changed", "c": "own"}}})");
    put("image/overlay2/imagedb/content/sha256/" + std::string(64, 'a'),
        R"({"config": {"Labels": {"a": "image", "b": "image"}}})");
    put("image/overlay2/repositories.json", R"({"Repositories": {"nginx": {"nginx:1": ")" + kImage +
                                                R"(", "nginx@sha256:1": ")" + kImage +
                                                R"("}, "localhost:5000/x": {"localhost:5000/x@sha256:2": ")" + kImage +
                                                R"("}, "other": {"other@sha256:3": "sha256:0"}}})");
    std::filesystem::create_directories(root_ + "/overlay2/x/merged");
  }
  void TearDown() override {
    if (!root_.empty()) std::filesystem::remove_all(root_);
  }
  void put(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = root_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  [[nodiscard]] std::optional<ContainerInfo> info(const std::string& rootfs = "/overlay2/x/merged") const {
    const auto result = read_docker_files(root_ + rootfs, kId);
    EXPECT_TRUE(result) << result.error().message;
    return result ? *result : std::nullopt;
  }

  std::string root_;
};

// As Docker 20.10 writes it for a RUN step of the classic builder.
oci::Value host_config_of_a_step() {
  return {{"Binds", nullptr},
          {"LogConfig", {{"Type", "none"}}},
          {"RestartPolicy", {{"Name", ""}}},
          {"CapAdd", nullptr},
          {"Devices", nullptr},
          {"PortBindings", nullptr},
          {"AutoRemove", false},
          {"Privileged", false},
          {"PidMode", ""},
          {"SecurityOpt", nullptr},
          {"Runtime", "runc"},
          {"ReadonlyPaths", {"/proc/bus"}}};
}

class ClassicBuildTest : public DockerFilesTest {
 protected:
  [[nodiscard]] bool is_step(const oci::Value& host_config, const std::string& image = kImage) const {
    put("containers/" + kId + "/config.v2.json",
        R"({"ID": ")" + kId + R"(", "Image": ")" + kImage + R"(", "Config": {"Image": ")" + image + R"("}})");
    put("containers/" + kId + "/hostconfig.json", host_config.dump());
    return is_classic_build_step(root_ + "/overlay2/x/merged", kId);
  }
};

TEST_F(ClassicBuildTest, IsKnownByItsRecord) { EXPECT_TRUE(is_step(host_config_of_a_step())); }

TEST_F(ClassicBuildTest, IsNoContainerThatNamesItsImage) {
  EXPECT_FALSE(is_step(host_config_of_a_step(), "me/app:1"));
  EXPECT_FALSE(is_step(host_config_of_a_step(), "sha256:" + std::string(64, 'b')));
}

TEST_F(ClassicBuildTest, IsNoneThatAsksForAnythingOfAUsers) {
  const std::vector<std::pair<std::string, oci::Value>> wishes = {
      {"Binds", {"/srv:/srv"}},
      {"Mounts", {{{"Type", "volume"}}}},
      {"VolumesFrom", {"other"}},
      {"PortBindings", {{"80/tcp", {{{"HostPort", "80"}}}}}},
      {"CapAdd", {"SYS_ADMIN"}},
      {"Devices", {{{"PathOnHost", "/dev/fuse"}}}},
      {"SecurityOpt", {"seccomp=unconfined"}},
      {"Privileged", true},
      {"AutoRemove", true},
      {"PidMode", "host"},
      {"Tmpfs", {{"/x", "exec"}}},
      {"RestartPolicy", {{"Name", "always"}}},
      {"LogConfig", {{"Type", "json-file"}}}};
  for (const auto& [key, value] : wishes) {
    oci::Value host_config = host_config_of_a_step();
    host_config[key] = value;
    EXPECT_FALSE(is_step(host_config)) << key;
  }
}

TEST_F(ClassicBuildTest, IsNothingWithoutDockersFiles) {
  EXPECT_FALSE(is_classic_build_step("/", kId));
  put("containers/" + kId + "/config.v2.json", "{ broken");
  EXPECT_FALSE(is_classic_build_step(root_ + "/overlay2/x/merged", kId));
}

TEST_F(DockerFilesTest, TellImageDigestsAndLabels) {
  const auto found = info();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->image, "me/app:1");
  EXPECT_EQ(found->image_id, kImage);
  EXPECT_THAT(found->image_digests,
              testing::UnorderedElementsAre("docker.io/library/nginx@sha256:1", "localhost:5000/x@sha256:2"));
}

TEST_F(DockerFilesTest, LeaveOutTheLabelsOfTheImage) {
  EXPECT_THAT(info()->labels, ElementsAre(Pair("b", "changed"), Pair("c", "own")));
}

TEST_F(DockerFilesTest, CountNoLabelWhenTheImageCannotBeRead) {
  std::filesystem::remove_all(root_ + "/image/overlay2/imagedb");
  EXPECT_TRUE(info()->labels.empty());
  EXPECT_FALSE(info()->image_digests.empty());
}

// To Docker, which reads by Go's encoding/json, each of these images has the label "a".
TEST_F(DockerFilesTest, CountNoLabelWhenTheImageCanBeReadInTwoWays) {
  for (const char* image :
       {R"({"config": {"labels": {"a": "image"}}})", R"({"config": {"LABELS": {"a": "image"}}})",
        R"({"config": {"label\u017f": {"a": "image"}}})", R"({"config": {"labelſ": {"a": "image"}}})",
        R"({"Config": {"Labels": {"a": "image"}}})", R"({"CONFIG": {"Labels": {"a": "image"}}, "config": {}})",
        R"({"config": {"Labels": {}, "labels": {"a": "image"}}})", R"({"config": {"Labels": null, "lAbels": null}})",
        R"({"config": {"Labels": {"a": "image"}, "Labels": {}}})",
        R"({"config": {"Labels": {"a": "image"}}, "config": {}})"}) {
    put("image/overlay2/imagedb/content/sha256/" + std::string(64, 'a'), image);
    EXPECT_TRUE(info()->labels.empty()) << image;
  }
}

TEST_F(DockerFilesTest, CountLabelsWhereOtherKeysOfTheImageAreNothingToDocker) {
  put("image/overlay2/imagedb/content/sha256/" + std::string(64, 'a'),
      R"({"config": {"Labels": {"a": "image"}, "label": 1, "labelss": 2, "x-labels": 3}, "configs": {}, "labels": {}})");
  EXPECT_THAT(info()->labels, ElementsAre(Pair("b", "changed"), Pair("c", "own")));
}

TEST_F(DockerFilesTest, CountNoLabelWhenTheImageIsNamedByAPath) {
  put("containers/" + kId + "/config.v2.json",
      R"({"ID": ")" + kId + R"(", "Image": "sha256:../x", "Driver": "../..", "Config": {"Labels": {"c": "own"}}})");
  EXPECT_TRUE(info()->labels.empty());
}

TEST_F(DockerFilesTest, AreFoundFromTheContainerdStoresLayoutToo) { EXPECT_TRUE(info("/rootfs/overlayfs/" + kId)); }

TEST_F(DockerFilesTest, AreNotLookedForInTheRootFilesystemItself) {
  const std::string bundle = root_ + "/containers/bundle";
  std::filesystem::create_directories(bundle);
  std::filesystem::rename(root_ + "/containers/" + kId, bundle + "/moved");
  put("overlay2/x/merged/containers/" + kId + "/config.v2.json", R"({"ID": ")" + kId + R"("})");
  EXPECT_FALSE(info());
}

TEST_F(DockerFilesTest, AreNotBelievedWhenTheyNameAnotherContainer) {
  put("containers/" + kId + "/config.v2.json", R"({"ID": "x"})");
  EXPECT_FALSE(info());
}

TEST_F(DockerFilesTest, AreNotBelievedWhenOthersCanWriteThem) {
  for (const std::string& name :
       {std::string(), std::string("/containers"), "/containers/" + kId, "/containers/" + kId + "/config.v2.json"}) {
    ASSERT_EQ(::chmod((root_ + name).c_str(), 0777), 0);
    EXPECT_FALSE(info()) << name;
    ASSERT_EQ(::chmod((root_ + name).c_str(), 0755), 0);
    ASSERT_EQ(::chown((root_ + name).c_str(), 1000, 0), 0);
    EXPECT_FALSE(info()) << name;
    ASSERT_EQ(::chown((root_ + name).c_str(), 0, 0), 0);
  }
  EXPECT_TRUE(info());
}

TEST_F(DockerFilesTest, AreNotReadThroughALink) {
  std::filesystem::rename(root_ + "/containers", root_ + "/elsewhere");
  std::filesystem::create_symlink(root_ + "/elsewhere", root_ + "/containers");
  EXPECT_FALSE(info());
}

TEST_F(DockerFilesTest, AreAnErrorWhenTheyAreBroken) {
  put("containers/" + kId + "/config.v2.json", "{");
  const auto result = read_docker_files(root_ + "/overlay2/x/merged", kId);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, testing::HasSubstr("config.v2.json:1:"));
}

TEST_F(DockerFilesTest, TakeAnIdOnlyAsDockerMakesThem) {
  for (const std::string id : {"", "..", "../containers", "abc"}) {
    const auto result = read_docker_files(root_ + "/overlay2/x/merged", id);
    ASSERT_TRUE(result);
    EXPECT_FALSE(*result) << id;
  }
}

TEST(DockerFiles, TellNothingWithoutDocker) {
  for (const std::string path : {"", "rootfs", "/", "/rootfs", "/nowhere/bundle/rootfs"}) {
    const auto result = read_docker_files(path, kId);
    ASSERT_TRUE(result);
    EXPECT_FALSE(*result);
  }
}

}  // namespace
}  // namespace runward::host

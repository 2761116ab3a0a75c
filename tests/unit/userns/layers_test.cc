// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runward::userns {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kPath = "/d/overlay2/id/merged";

std::string line(const std::string& mount_point, const std::string& options, const std::string& type = "overlay") {
  return "36 35 0:50 / " + mount_point + " rw,relatime shared:7 - " + type + " overlay rw," + options + "\n";
}

Layers layers_of(const std::string& mountinfo, const std::string& path = kPath) {
  const auto found = find_layers(mountinfo, path);
  EXPECT_TRUE(found && *found) << (found ? "no overlay" : found.error().message);
  return found && *found ? **found : Layers();
}

TEST(FindLayers, GivesThemTopmostFirst) {
  const Layers layers = layers_of(line(kPath, "lowerdir=/d/a:/d/b,upperdir=/d/overlay2/id/diff,workdir=/d/w"));
  EXPECT_THAT(layers.lower, ElementsAre("/d/a", "/d/b"));
  EXPECT_EQ(layers.upper, "/d/overlay2/id/diff");
  EXPECT_THAT(layers.options, IsEmpty());
}

TEST(FindLayers, MakesDockersShortNamesAbsolute) {
  const Layers layers = layers_of(line(kPath, "lowerdir=l/A:l/B,upperdir=id/diff,workdir=id/work"));
  EXPECT_THAT(layers.lower, ElementsAre("/d/overlay2/l/A", "/d/overlay2/l/B"));
  EXPECT_EQ(layers.upper, "/d/overlay2/id/diff");
}

TEST(FindLayers, MakesContainerdsShortNamesAbsoluteByTheUpperFolder) {
  const Layers layers = layers_of(
      line("/run/c/rootfs", "lowerdir=72/fs:71/fs,upperdir=/s/snapshots/73/fs,workdir=/s/w"), "/run/c/rootfs");
  EXPECT_THAT(layers.lower, ElementsAre("/s/snapshots/72/fs", "/s/snapshots/71/fs"));
}

TEST(FindLayers, DecodesWhatTheKernelAndTheMounterEscape) {
  const Layers layers =
      layers_of(line("/d/my\\040disk", R"(lowerdir=/d/a\134:b:/d/c\040d\054e,workdir=/w)"), "/d/my disk");
  EXPECT_THAT(layers.lower, ElementsAre("/d/a:b", "/d/c d,e"));
}

TEST(FindLayers, KeepsCommasInQuotes) {
  const Layers layers = layers_of(line(kPath, R"(context="u:r:t:s0:c1,c2",lowerdir=/a:/b,metacopy=on,xino=off)"));
  EXPECT_THAT(layers.options, ElementsAre(R"(context="u:r:t:s0:c1,c2")", "metacopy=on"));
}

TEST(FindLayers, ReadsTheFormOfTheNewMountCalls) {
  EXPECT_THAT(layers_of(line(kPath, "lowerdir+=/d/a:b,lowerdir+=/d/c")).lower, ElementsAre("/d/a:b", "/d/c"));
}

TEST(FindLayers, TakesTheMountThatIsSeen) {
  EXPECT_THAT(
      layers_of(line(kPath, "lowerdir=/old") + line("/other", "lowerdir=/o") + line(kPath, "lowerdir=/new")).lower,
      ElementsAre("/new"));
  const auto covered = find_layers(line(kPath, "lowerdir=/old") + line(kPath, "size=1", "tmpfs"), kPath);
  ASSERT_TRUE(covered);
  EXPECT_FALSE(*covered);
}

TEST(FindLayers, FindsNoneWhereNothingIsMounted) {
  for (const std::string& text :
       {std::string(), line("/d/overlay2/id", "lowerdir=/a"), std::string("nonsense\n - \n")}) {
    const auto found = find_layers(text, kPath);
    ASSERT_TRUE(found);
    EXPECT_FALSE(*found);
  }
}

TEST(FindLayers, IsAnErrorWhereLayersCantBeTold) {
  for (const char* const options : {"upperdir=/u", "lowerdir=", "lowerdir=/a::/data", "lowerdir+=/a,datadir+=/b"}) {
    const auto found = find_layers(line(kPath, options), kPath);
    ASSERT_FALSE(found) << options;
    EXPECT_THAT(found.error().message, HasSubstr(kPath));
  }
}

}  // namespace
}  // namespace runward::userns

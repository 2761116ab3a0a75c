// SPDX-License-Identifier: Apache-2.0
#include "shim/policy/select.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace runward::policy {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

Selection full_selection() {
  Selection selection;
  selection.by_namespace = {{"plugins.moby", "plugin"}};
  selection.choices = {"strict"};
  selection.by_runtime = {{"runward-shop", "shop"}};
  selection.by_image = {{.image = "nginx", .profile = "web"}};
  return selection;
}

SelectionInput full_input() {
  SelectionInput input;
  input.runtime_name = "runward-shop";
  input.engine_namespace = "plugins.moby";
  input.annotations = {{"io.runward.profile", "strict"}};
  input.image_digests = {"docker.io/library/nginx@" + kDigest};
  return input;
}

std::string chosen(const SelectionInput& input, const Selection& selection = full_selection()) {
  const auto choice = select_profile(selection, input);
  return choice ? choice->profile + " by " + choice->reason : "error: " + choice.error().message;
}

TEST(SelectProfile, FollowsNamespaceChoiceRuntimeImageDefault) {
  SelectionInput input = full_input();
  EXPECT_EQ(chosen(input), "plugin by engine namespace 'plugins.moby'");
  input.engine_namespace = "moby";
  EXPECT_EQ(chosen(input), "strict by annotation 'io.runward.profile'");
  input.annotations.clear();
  EXPECT_EQ(chosen(input), "shop by runtime name 'runward-shop'");
  input.runtime_name = "runward";
  EXPECT_EQ(chosen(input), "web by image 'nginx'");
  input.image_digests.clear();
  EXPECT_EQ(chosen(input), "default by the default");
}

TEST(SelectProfile, TakesBuildsAndPluginsForWhatTheyAreByDefault) {
  SelectionInput input;
  input.build_step = BuildStep::by_call;
  EXPECT_EQ(chosen(input, Selection{}), "build by a step of an image build");
  input.annotations = {{"io.runward.profile", "strict"}};
  EXPECT_EQ(chosen(input), "build by a step of an image build") << "no Dockerfile chooses a profile";
  Selection none;
  none.builds.clear();
  input.annotations.clear();
  EXPECT_EQ(chosen(input, none), "default by the default");
  input.engine_namespace = "plugins.moby";
  EXPECT_EQ(chosen(input, Selection{}), "plugin by engine namespace 'plugins.moby'");
  input.engine_namespace = "buildkit";
  EXPECT_EQ(chosen(input, none), "build by engine namespace 'buildkit'");
}

TEST(SelectProfile, TakesALookAlikeOfTheClassicBuilderForAStepOnlyWhereTheRuntimeSaysNothing) {
  Selection selection;
  selection.by_runtime = {{"runward-shop", "shop"}, {"runc", "strict"}};
  SelectionInput input;
  input.build_step = BuildStep::by_record;
  input.runtime_name = "runward";
  EXPECT_EQ(chosen(input, selection), "build by a step of Docker's classic builder");
  for (const auto& [name, expected] :
       std::map<std::string, std::string>{{"runward-shop", "shop"}, {"runc", "strict"}, {"runward-strict", "strict"}}) {
    input.runtime_name = name;
    EXPECT_EQ(chosen(input, selection), expected + " by runtime name '" + name + "'");
  }
  input.build_step = BuildStep::by_call;
  EXPECT_EQ(chosen(input, selection), "build by a step of an image build") << "nobody can fake that";
}

TEST(SelectProfile, LetsNoDockerfileChooseWhereTheRuntimeSaysTheProfile) {
  Selection selection;
  selection.choices = {"compat"};
  SelectionInput input;
  input.runtime_name = "runward-strict";
  input.labels = {{"io.runward.profile", "compat"}};
  EXPECT_EQ(chosen(input, selection), "compat by label 'io.runward.profile'");
  input.build_step = BuildStep::by_record;
  EXPECT_EQ(chosen(input, selection), "strict by runtime name 'runward-strict'");
  selection.builds.clear();
  EXPECT_EQ(chosen(input, selection), "compat by label 'io.runward.profile'");
}

TEST(SelectProfile, TakesTheNameAfterTheDashOfTheRuntime) {
  SelectionInput input;
  input.runtime_name = "runward-strict";
  EXPECT_EQ(chosen(input), "strict by runtime name 'runward-strict'");
  for (const char* other : {"runward", "runward-", "runc"}) {
    input.runtime_name = other;
    EXPECT_EQ(chosen(input), "default by the default");
  }
}

TEST(SelectProfile, TakesALabelOfTheContainer) {
  SelectionInput input;
  input.labels = {{"io.runward.profile", "strict"}};
  EXPECT_EQ(chosen(input), "strict by label 'io.runward.profile'");
}

TEST(SelectProfile, RefusesAProfileThatNobodyMayChoose) {
  SelectionInput input;
  input.annotations = {{"io.runward.profile", "compat"}};
  EXPECT_EQ(chosen(input),
            "error: profile 'compat', asked for by annotation 'io.runward.profile', is none that a container may "
            "choose (strict)");
  EXPECT_THAT(chosen(input, Selection{}), testing::HasSubstr("profiles.choices is empty"));
}

TEST(SelectProfile, KeepsLineBreaksOutOfItsMessage) {
  SelectionInput input;
  input.annotations = {{"io.runward.profile", "a\nb" + std::string(1000, 'x')}};
  const std::string message = chosen(input);
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_LT(message.size(), 300U);
}

TEST(SelectProfile, NeedsTheContainersFilesOnlyForImagesAndLabels) {
  EXPECT_FALSE(needs_container_info(Selection{}));
  Selection selection;
  selection.choices = {"strict"};
  EXPECT_TRUE(needs_container_info(selection));
  selection.label.clear();
  EXPECT_FALSE(needs_container_info(selection));
  selection.by_image = {{.image = "nginx", .profile = "web"}};
  EXPECT_TRUE(needs_container_info(selection));
}

struct ImageCase {
  std::string pattern;
  bool expected;
};
class ImageMatches : public testing::TestWithParam<ImageCase> {};

TEST_P(ImageMatches, AsThePatternSays) {
  const SelectionInput input{.runtime_name = {},
                             .engine_namespace = {},
                             .build_step = BuildStep::none,
                             .annotations = {},
                             .image = "registry.example/shop/app:3",
                             .image_id = "sha256:" + std::string(64, 'b'),
                             .image_digests = {"docker.io/library/nginx@" + kDigest},
                             .labels = {}};
  EXPECT_EQ(image_matches(GetParam().pattern, input), GetParam().expected) << GetParam().pattern;
}

INSTANTIATE_TEST_SUITE_P(Patterns, ImageMatches,
                         testing::Values(ImageCase{kDigest, true}, ImageCase{"sha256:" + std::string(64, 'b'), true},
                                         ImageCase{"sha256:" + std::string(64, 'c'), false}, ImageCase{"nginx", true},
                                         ImageCase{"docker.io/library/nginx", true},
                                         ImageCase{"docker.io/library/*", true},
                                         ImageCase{"docker.io/library/ngin", false}, ImageCase{"library/nginx", true},
                                         ImageCase{"me/nginx", false},
                                         // The name that the user gave proves nothing …
                                         ImageCase{"registry.example/shop/app", false},
                                         ImageCase{"registry.example/*", false},
                                         // … but where the administrator trusts it.
                                         ImageCase{"local:registry.example/shop/app", true},
                                         ImageCase{"local:registry.example/shop/app:3", true},
                                         ImageCase{"local:registry.example/*", true}, ImageCase{"local:nginx", false}));

TEST(ImageMatches, NothingWithoutAnImage) {
  EXPECT_FALSE(image_matches("local:*", SelectionInput{}));
  EXPECT_FALSE(image_matches("nginx", SelectionInput{}));
}

}  // namespace
}  // namespace runward::policy

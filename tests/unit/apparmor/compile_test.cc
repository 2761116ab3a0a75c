// SPDX-License-Identifier: Apache-2.0

// What we write, measured by apparmor_parser.

#include "apparmor/compile.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <random>
#include <set>

#include "apparmor/match.h"
#include "apparmor/parse.h"
#include "tests/unit/apparmor/compiled_policy.h"
#include "tests/unit/apparmor/random_profile.h"

namespace runward::apparmor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class WithParser : public testing::Test {
 protected:
  void SetUp() override {
    if (find_parser().empty()) GTEST_SKIP() << "apparmor_parser is not installed (package apparmor)";
  }
  static std::optional<CompiledPolicy> compiled(const Profile& profile) {
    const auto text = render(profile, Abi::v3_0);
    EXPECT_TRUE(text) << text.error().message;
    std::string error;
    auto policy = CompiledPolicy::of(*text, error);
    EXPECT_TRUE(policy) << error << "\n" << text->substr(0, 2000);
    return policy;
  }
};

Rule readable(Pattern path) { return {.body = FileRule{.path = std::move(path), .permissions = {Permission::read}}}; }

std::string hostile_name(std::mt19937& random) {
  constexpr std::string_view kSpecial = "\"#\\{}[]*?^,@$ \t\n()<>!=:%&-|+.;'ab01";
  std::string name = "/x";
  for (std::size_t length = random() % 20; name.size() < length;) {
    const char c = random() % 3 == 0 ? static_cast<char>(1 + random() % 255) : kSpecial[random() % kSpecial.size()];
    if (c != '/') name.push_back(c);
  }
  return name;
}

TEST_F(WithParser, HostileNamesAreReadableAndNothingElseIs) {
  std::mt19937 random(3);  // NOLINT(cert-msc51-cpp): the same names in every run
  std::set<std::string> names = {"/x r,\n  /etc/shadow",
                                 "/x\" r,\n\"/etc/shadow",
                                 "/x@{PROC}",
                                 "/x}\nprofile evil {\nfile,\n}\n",
                                 "/x#include <abstractions/base>",
                                 "/x\\",
                                 "/x\\\\",
                                 "/x\\052",
                                 "/x*",
                                 "/x\xff\xfe",
                                 "/x\x01"};
  for (int byte = 1; byte < 256; ++byte)
    if (byte != '/') names.insert(std::string("/x") + static_cast<char>(byte) + "y");
  while (names.size() < 400) names.insert(hostile_name(random));
  Profile profile{.name = "p"};
  for (const std::string& name : names) profile.add(readable(*exact_path(name)));
  const auto policy = compiled(profile);
  ASSERT_TRUE(policy);
  for (const std::string& name : names) EXPECT_TRUE(policy->may_read(name)) << escape(name);
  EXPECT_FALSE(policy->may_read("/etc/shadow"));
  for (const std::string& name : names) {
    std::string other = name;
    other[1 + random() % (other.size() - 1)] = static_cast<char>(1 + random() % 255);
    EXPECT_EQ(policy->may_read(other), names.contains(other)) << escape(other);
    EXPECT_EQ(policy->may_read(name + "z"), names.contains(name + "z")) << escape(name);
    EXPECT_FALSE(policy->may_write(name));
  }
}

TEST_F(WithParser, TheLongestPathIsOneRule) {
  std::string name = "/";
  for (int part = 0; part < 16; ++part) name += std::string(254, part % 2 == 0 ? '"' : '\n') + "/";
  name += std::string(kMaxPathBytes - name.size(), '#');
  Profile profile{.name = "p"};
  profile.add(readable(*exact_path(name)));
  const auto policy = compiled(profile);
  ASSERT_TRUE(policy);
  EXPECT_TRUE(policy->may_read(name));
  EXPECT_FALSE(policy->may_read(name.substr(0, kMaxPathBytes - 1)));
}

TEST_F(WithParser, OurMatcherReadsGlobsAsTheirs) {
  std::mt19937 random(11);  // NOLINT(cert-msc51-cpp): the same globs in every run
  int matched = 0;
  for (int i = 0; i < 150; ++i) {
    const auto glob = Pattern::glob(random_glob(random));
    ASSERT_TRUE(glob) << glob.error().message;
    Profile profile{.name = "p"};
    profile.add(readable(*glob));
    const auto policy = compiled(profile);
    ASSERT_TRUE(policy);
    const Matcher matcher(*glob);
    for (int k = 0; k < 200; ++k) {
      const std::string path = random_path(random);
      ASSERT_EQ(matcher.matches(path), policy->may_read(path)) << glob->text() << " " << escape(path);
      matched += matcher.matches(path) ? 1 : 0;
    }
  }
  EXPECT_GT(matched, 1000);
}

TEST_F(WithParser, FileAccessIsWhatTheirAutomatonSays) {
  std::mt19937 random(13);  // NOLINT(cert-msc51-cpp): the same profiles in every run
  for (int i = 0; i < 60; ++i) {
    Profile profile{.name = "p"};
    for (int k = 0; k < 8; ++k) {
      Rule rule = random_file_rule(random);
      auto& file = std::get<FileRule>(rule.body);
      file.transition.reset();  // overlapping globs may not differ in these
      file.target.clear();
      file.permissions.remove(Permission::execute);
      if (file.permissions.empty()) file.permissions.add(Permission::read);
      profile.add(std::move(rule));
    }
    const auto policy = compiled(profile);
    ASSERT_TRUE(policy);
    for (int k = 0; k < 200; ++k) {
      const std::string path = random_path(random);
      const Permissions access = file_access(profile, path, Owner::yes).permissions;
      ASSERT_EQ(access.has(Permission::read), policy->may_read(path)) << escape(path) << "\n"
                                                                      << *render(profile, Abi::v3_0);
      ASSERT_EQ(access.has(Permission::write), policy->may_write(path)) << escape(path) << "\n"
                                                                        << *render(profile, Abi::v3_0);
    }
  }
}

TEST_F(WithParser, TheShippedProfilesCompile) {
  for (const std::string name : {"default", "strict"}) {
    std::ifstream file(RUNWARD_SOURCE_DIR "/profiles/" + name + "/apparmor");
    const std::string source{std::istreambuf_iterator<char>(file), {}};
    const auto text = text_for(find_parser(), source, test_options());
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_TRUE(validate(find_parser(), *text, test_options()));
    const auto names = names_in(find_parser(), *text, test_options());
    ASSERT_TRUE(names) << names.error().message;
    EXPECT_THAT(*names, ElementsAre("runward-" + name));
    std::string error;
    const auto policy = CompiledPolicy::of(*text, error);
    ASSERT_TRUE(policy) << error;
    EXPECT_TRUE(policy->mediates_mounts());
    EXPECT_TRUE(policy->may_write("/tmp/x"));
    EXPECT_FALSE(policy->may_write("/proc/sys/kernel/core_pattern"));
    EXPECT_FALSE(policy->may_write("/var/run/docker.sock"));
    EXPECT_FALSE(policy->may_read("/proc/kcore"));
  }
}

TEST_F(WithParser, ItsErrorsAreToldInOneLine) {
  const Status status = validate(find_parser(), "profile p {\n nonsense\n}\n", test_options());
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("syntax error"));
  EXPECT_EQ(status.error().message.find('\n'), std::string::npos);
}

TEST_F(WithParser, WhatWeDoNotReadIsGivenToItAsItIs) {
  const std::string source = "@{X}=/a\nprofile p {\n  @{X}/b r,\n}\n";
  EXPECT_EQ(*text_for(find_parser(), source, test_options()), source);
  std::string error;
  const auto policy = CompiledPolicy::of(source, error);
  ASSERT_TRUE(policy) << error;
  EXPECT_TRUE(policy->may_read("/a/b"));
}

}  // namespace
}  // namespace runward::apparmor

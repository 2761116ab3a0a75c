// SPDX-License-Identifier: Apache-2.0

// An image full of names that were made to break out of a rule, recorded and generated from, and what became of it
// measured by apparmor_parser: its automaton gives each name what was recorded, and every other path what the same
// profile without those names gives it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "apparmor/pattern.h"
#include "apparmor/render.h"
#include "tests/unit/apparmor/compiled_policy.h"
#include "tests/unit/profiles/generator_cases.h"

namespace runward::profiles {
namespace {

using apparmor::CompiledPolicy;

// One component of a path.
std::string hostile_word(std::mt19937_64& random) {
  static const std::vector<std::string> kPieces = {
      "\"",    "'",       ",",    "\n",   "\t",       " ",     "*",      "**",     "?", "[a-z]", "[^a]", "{",   "}",
      "{a,b}", "@{PROC}", "^",    "\\",   "\\052",    "#",     " rw,\n", "(file)", "=", "->",    "<",    ">",   "..x",
      "\x01",  "\x7f",    "\x80", "\xff", "include ", "owner", "deny ",  "a",      "b", "$(id)", "`id`", "%41", "é"};
  std::string word;
  for (std::uint64_t pieces = 1 + random() % 6; pieces > 0; --pieces) word += kPieces[random() % kPieces.size()];
  return word == "." || word == ".." ? "x" : word;
}

std::string longest_path(std::mt19937_64& random) {
  constexpr std::size_t kLongestName = 255;
  std::string path = "/srv";
  while (path.size() < apparmor::kMaxPathBytes) {
    std::string name;
    while (name.size() < kLongestName) name += hostile_word(random);
    path += "/" + name.substr(0, kLongestName);
  }
  path.resize(apparmor::kMaxPathBytes);
  if (path.ends_with('/')) path.back() = '#';
  return path;
}

std::set<std::string> hostile_paths(std::mt19937_64& random, std::size_t count) {
  std::set<std::string> paths = {"/srv/x r,\n  /etc/shadow", "/srv/x\" rw,\n\"/etc/shadow",
                                 "/srv/x}\nprofile evil flags=(unconfined) {\nfile,\n}\n",
                                 "/srv/#include <abstractions/base>"};
  paths.insert(longest_path(random));
  // Each in a folder of its own: many files of one folder become one rule.
  while (paths.size() < count) paths.insert("/srv/" + hostile_word(random) + "/" + hostile_word(random));
  return paths;
}

Recording recording_with(const std::set<std::string>& read, const std::set<std::string>& written,
                         const std::set<std::string>& made) {
  Recording recording = recording_of("a", {"read"});
  for (const std::string& path : read) recording.files[path] = {.read = true, .count = 1, .executables = {}};
  for (const std::string& path : written)
    recording.files[path] = {.read = true, .write = true, .count = 1, .executables = {}};
  for (const std::string& path : made) recording.upper.created.insert(path);
  return recording;
}

apparmor::Profile profile_of(const Recording& recording, Headroom headroom) {
  const auto made = generate({recording}, {.name = "web", .headroom = headroom}, default_parent());
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return made->apparmor;
}

std::optional<CompiledPolicy> compiled(const apparmor::Profile& profile) {
  const auto text = apparmor::render(profile, apparmor::Abi::v3_0);
  EXPECT_TRUE(text);
  std::string error;
  auto policy = CompiledPolicy::of(*text, error);
  EXPECT_TRUE(policy) << error;
  return policy;
}

// One byte is another one: what an escape that is short of one would let through.
std::string changed(std::string path, std::mt19937_64& random) {
  constexpr std::size_t kAfterSrv = 5;
  path[kAfterSrv + random() % (path.size() - kAfterSrv)] = static_cast<char>(1 + random() % 255);
  return path;
}

class HostileNames : public testing::TestWithParam<Headroom> {
 protected:
  void SetUp() override {
    if (apparmor::find_parser().empty()) GTEST_SKIP() << "apparmor_parser is not installed (package apparmor)";
  }
};

TEST_P(HostileNames, AreAllowedWhatTheyWereSeenDoingAndOpenNothingElse) {
  std::mt19937_64 random(17);  // NOLINT(cert-msc51-cpp): the same names in every run
  const auto names = hostile_paths(random, 150);
  const auto plain = compiled(profile_of(recording_of("a", {"read"}), GetParam()));
  const auto policy = compiled(profile_of(recording_with(names, {}, {}), GetParam()));
  ASSERT_TRUE(plain && policy);
  for (const std::string& name : names) {
    EXPECT_TRUE(policy->may_read(name)) << apparmor::escape(name);
    EXPECT_FALSE(policy->may_write(name)) << apparmor::escape(name);
    for (int i = 0; i < 20; ++i) {
      const std::string other = changed(name, random);
      EXPECT_EQ(policy->may_read(other), names.contains(other) || plain->may_read(other)) << apparmor::escape(other);
    }
    EXPECT_FALSE(policy->may_read(name + "/x")) << apparmor::escape(name);
  }
  for (const char* path : {"/etc/shadow", "/srv/x", "/srv/evil", "/root/.ssh/id_rsa", "/srv/a/b"})
    EXPECT_EQ(policy->may_read(path), plain->may_read(path)) << path;
}

// A file that was written to outside of the writable layer makes its folder a data folder; where that has a name that
// nobody gives in good faith, it does not.
TEST_P(HostileNames, AreWrittenToAloneAndMakeNoFolderWritable) {
  std::mt19937_64 random(18);  // NOLINT(cert-msc51-cpp): the same names in every run
  std::set<std::string> names;
  while (names.size() < 60) names.insert("/srv/\n" + hostile_word(random) + "/" + hostile_word(random));
  const auto policy = compiled(profile_of(recording_with({}, names, names), GetParam()));
  ASSERT_TRUE(policy);
  for (const std::string& name : names) {
    EXPECT_TRUE(policy->may_write(name)) << apparmor::escape(name);
    const std::string folder = name.substr(0, name.rfind('/'));
    EXPECT_EQ(policy->may_write(folder + "/zz"), names.contains(folder + "/zz")) << apparmor::escape(folder);
  }
  EXPECT_FALSE(policy->may_write("/etc/shadow"));
  EXPECT_FALSE(policy->may_write("/srv/x"));
}

// Nothing that a name says becomes a rule.
TEST_P(HostileNames, AddOneRuleEach) {
  std::mt19937_64 random(19);  // NOLINT(cert-msc51-cpp): the same names in every run
  const auto names = hostile_paths(random, 150);
  const std::size_t plain = profile_of(recording_of("a", {"read"}), GetParam()).rules.size();
  EXPECT_EQ(profile_of(recording_with(names, {}, {}), GetParam()).rules.size(), plain + names.size());
}

INSTANTIATE_TEST_SUITE_P(OfBothHeadrooms, HostileNames, testing::Values(Headroom::strict, Headroom::portable));

}  // namespace
}  // namespace runward::profiles

// SPDX-License-Identifier: Apache-2.0

// What must hold for all recordings, tried on random ones: the same seed gives the same.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "apparmor/match.h"
#include "apparmor/render.h"
#include "profiles/generator/make_apparmor.h"
#include "profiles/generator/report.h"
#include "seccomp/algebra.h"
#include "tests/unit/profiles/generator_cases.h"

namespace runward::profiles {
namespace {

using testing::IsEmpty;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t end) { return engine_() % end; }
  bool one_in(std::uint64_t many) { return below(many) == 0; }
  template <typename List>
  const auto& any_of(const List& list) {
    return list[below(list.size())];
  }

  // What rules and globs are made of, and bytes that no text has.
  std::string name() {
    static const std::string kBytes = "ab1.-_ \"'\\{}[]*?,^@#$%&()|<>!~=:;+\n\t\r\x01\x7f\x80\xff";
    std::string made;
    for (std::uint64_t length = 1 + below(12); length > 0; --length) made += any_of(kBytes);
    return made == "." || made == ".." ? "x" : made;
  }

  std::string path() {
    static const std::vector<std::string> kTops = {"/etc",  "/usr/lib",  "/srv",         "/tmp", "/var/lib/app",
                                                   "/data", "/proc/sys", "/proc/@{pid}", "/run", ""};
    std::string made = any_of(kTops);
    for (std::uint64_t depth = 1 + below(3); depth > 0; --depth) made += "/" + name();
    return made;
  }

  Recording recording() {
    static const std::vector<std::string> kCalls = seccomp::syscalls_of(seccomp::native_architecture());
    Recording made = recording_of("r" + std::to_string(below(100)), {"read"});
    made.started = std::to_string(below(1000));
    for (std::uint64_t i = below(60); i > 0; --i)
      made.calls[static_cast<Phase>(below(4))][native()][any_of(kCalls)].count += 1 + below(9);
    for (const RecordedArguments& recorded : kRecordedArguments) add_arguments(made, recorded);
    add_files(made);
    add_rest(made);
    return made;
  }

 private:
  void add_arguments(Recording& made, const RecordedArguments& recorded) {
    if (one_in(2)) return;
    Call call;
    std::set<std::vector<std::uint64_t>> all;
    for (std::uint64_t i = 1 + below(one_in(8) ? 100 : 6); i > 0; --i) {
      std::vector<std::uint64_t> values;
      for (std::size_t argument = 0; argument < recorded.count; ++argument)
        values.push_back(one_in(4) ? engine_() : below(40));
      all.insert(values);
    }
    for (const auto& values : all) call.arguments.push_back({.values = values, .count = 1});
    call.count = call.arguments.size() + (one_in(6) ? 1 : 0);
    made.calls[Phase::application][native()][std::string(recorded.call)] = call;
  }

  void add_files(Recording& made) {
    for (std::uint64_t i = below(60); i > 0; --i) {
      FileUse use{.count = 1, .executables = {}};
      use.read = true;
      use.directory = one_in(5);
      use.write = !use.directory && one_in(4);
      use.execute = !use.directory && !use.write && one_in(6);
      use.map = !use.directory && one_in(6);
      made.files[path()] = use;
    }
    for (auto* const paths : {&made.upper.created, &made.upper.written, &made.upper.deleted})
      for (std::uint64_t i = below(5); i > 0; --i) paths->insert(path());
  }

  void add_rest(Recording& made) {
    static const std::vector<std::string> kNames = {"CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_SYS_ADMIN", "CAP_BPF"};
    for (std::uint64_t i = below(4); i > 0; --i) made.capabilities[Phase::application][any_of(kNames)].count = 1;
    if (one_in(2)) made.users = {{.uid = below(2) * 33, .gid = below(2) * 33}};
    made.peaks = {
        .memory = engine_() >> below(64), .page_cache = 0, .pids = below(5000), .cpu = below(9000), .cpu_time = 0};
  }

  std::mt19937_64 engine_;
};

const Parent& parent() {
  static const Parent kParent = default_parent();
  return kParent;
}

Collection some_recordings(Random& random) {
  Collection made;
  for (std::uint64_t i = 1 + random.below(3); i > 0; --i) made.insert(random.recording());
  return made;
}

constexpr std::uint64_t kSeeds = 40;

TEST(GeneratorProperty, MergeIsAUnionOfSets) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const Collection a = some_recordings(random), b = some_recordings(random), c = some_recordings(random);
    EXPECT_EQ(merge(a, a), a);
    EXPECT_EQ(merge(a, b), merge(b, a));
    EXPECT_EQ(merge(merge(a, b), c), merge(a, merge(b, c)));
    EXPECT_EQ(print_collection(merge(a, b)), print_collection(merge(b, a)));
  }
}

TEST(GeneratorProperty, CollectionsComeBack) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const Collection recordings = some_recordings(random);
    const auto read = parse_collection(print_collection(recordings), "x.json");
    ASSERT_TRUE(read) << seed << ": " << read.error().message;
    EXPECT_EQ(*read, recordings) << seed;
  }
}

TEST(GeneratorProperty, WhatIsGeneratedPassesItsCheckAndIsNoWiderThanItsParent) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const Collection recordings = some_recordings(random);
    const GenerateOptions options{.name = "web",
                                  .headroom = random.one_in(2) ? Headroom::strict : Headroom::portable,
                                  .format = random.one_in(4) ? Format::docker : Format::oci};
    const auto made = generate(recordings, options, parent());
    ASSERT_TRUE(made) << seed << ": " << made.error().message;
    const ProfileFolder folder = read_back(*made, parent(), recordings);
    const auto verdicts = check(folder, recordings, parent());
    ASSERT_TRUE(verdicts) << seed << ": " << verdicts.error().message;
    EXPECT_THAT(verdicts->failures, IsEmpty()) << seed;
    const oci::CapabilitySet capabilities = folder.policy.capabilities.allowed | folder.policy.capabilities.on_request;
    const auto excess = seccomp::find_excess(folder.filter(native()), parent().filter(capabilities, native()));
    EXPECT_FALSE(excess) << seed << ": " << excess->call;
    const policy::Capabilities& of_parent = parent().policy.capabilities;
    EXPECT_TRUE(of_parent.allowed.includes(folder.policy.capabilities.allowed)) << seed;
    EXPECT_TRUE(of_parent.on_request.includes(folder.policy.capabilities.on_request)) << seed;
  }
}

TEST(GeneratorProperty, PortableLetsThroughAllThatStrictDoes) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const Collection recordings = some_recordings(random);
    const auto strict = generate(recordings, {.name = "w", .headroom = Headroom::strict}, parent());
    const auto portable = generate(recordings, {.name = "w", .headroom = Headroom::portable}, parent());
    EXPECT_FALSE(seccomp::find_excess(strict->seccomp.profile, portable->seccomp.profile)) << seed;
  }
}

TEST(GeneratorProperty, EveryRecordedCallThatTheParentLetsThroughIsLetThrough) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const Collection recordings = some_recordings(random);
    const auto made = generate(recordings, {.name = "w", .headroom = Headroom::strict}, parent());
    ASSERT_TRUE(made);
    const seccomp::Profile limit = parent().filter(made->settings.allowed | made->settings.on_request, native());
    const auto has_arguments = [](const std::string& call) {
      return std::ranges::find(kRecordedArguments, call, &RecordedArguments::call) != kRecordedArguments.end();
    };
    const Observed seen = *observe(recordings);
    for (const auto& [name, call] : seen.calls) {
      const bool is_less = !has_arguments(name) && seccomp::find_excess(limit, made->seccomp.profile, name);
      EXPECT_FALSE(is_less) << seed << " " << name;
    }
  }
}

// A hostile image's names: the text is one that our own parser reads back, and each name gives way to itself only.
TEST(GeneratorProperty, HostileNamesMatchNothingButThemselves) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    Recording recording = recording_of("a", {"read"});
    std::set<std::string> paths;
    while (paths.size() < 7) paths.insert("/srv/" + random.name() + "/" + random.name());
    for (const std::string& path : paths) recording.files[path] = {.read = true, .count = 1, .executables = {}};
    const auto made = generate({recording}, {.name = "w", .headroom = Headroom::strict}, parent());
    ASSERT_TRUE(made) << seed;
    const auto read = apparmor::parse(made->files.at("apparmor"), "apparmor");
    ASSERT_TRUE(read) << seed << ": " << read.error().message;
    EXPECT_EQ(*read, made->apparmor) << seed;
    for (const std::string& path : paths) {
      EXPECT_TRUE(apparmor::file_access(*read, path, apparmor::Owner::yes).permissions.has(apparmor::Permission::read));
      for (std::size_t at = 5; at < path.size(); ++at) {
        std::string other = path;
        other[at] = other[at] == 'z' ? 'y' : 'z';
        const auto access = apparmor::file_access(*read, other, apparmor::Owner::yes);
        EXPECT_TRUE(paths.contains(other) || access.permissions.empty()) << seed << " " << at;
      }
    }
  }
}

TEST(GeneratorProperty, AnyPathIsMatchedByItsPattern) {
  for (std::uint64_t seed = 0; seed < 50 * kSeeds; ++seed) {
    Random random(seed);
    const std::string path = random.path();
    for (const bool is_directory : {false, true}) {
      const auto pattern = pattern_of(path, is_directory);
      ASSERT_TRUE(pattern) << seed << ": " << pattern.error().message;
      EXPECT_TRUE(apparmor::matches(*pattern, example_of(path, is_directory))) << seed;
    }
  }
}

}  // namespace
}  // namespace runward::profiles

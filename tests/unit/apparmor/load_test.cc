// SPDX-License-Identifier: Apache-2.0
#include "apparmor/load.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace runward::apparmor {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::SizeIs;

// A folder that looks like the kernel's, and a parser that "compiles" by a mark in front. Not below /tmp: what others
// can write to is not trusted.
class LoadTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "the cache must be root's";
    std::string pattern = "/var/lib/runward-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    put("kernel/profiles", "docker-default (enforce)\nodd (name) (complain)\n");
    put("kernel/.replace", "");
    put("kernel/.remove", "");
    put("kernel/features/file/mask", "read write");
    fs::create_directories(dir_ / "kernel/policy/profiles");
    places_ = {.kernel = dir_ / "kernel", .cache = dir_ / "lib/cache", .records = dir_ / "run/records", .parser = {}};
  }
  void TearDown() override {
    if (!dir_.empty()) fs::remove_all(dir_);
  }
  void put(const std::string& name, const std::string& text) const {
    fs::create_directories((dir_ / name).parent_path());
    std::ofstream(dir_ / name) << text;
  }
  [[nodiscard]] std::string get(const std::string& name) const {
    std::ifstream file(dir_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void install_parser() {
    places_.parser = dir_ / "parser";
    put("parser", R"(#!/bin/sh
case "$*" in
*--version*) echo "AppArmor parser version 3.0.8" ;;
*--names*) sed -n 's/^profile \([^ ]*\).*/\1/p' ;;
*--stdout*) echo -n compiled: ; exec cat ;;
esac
)");
    fs::permissions(places_.parser, fs::perms::owner_all);
  }
  // What the kernel shows after a load.
  void kernel_has(const std::string& name, const std::string& hash, const std::string& number = "3") const {
    put("kernel/policy/profiles/" + name + "." + number + "/name", name + "\n");
    put("kernel/policy/profiles/" + name + "." + number + "/sha256", hash + "\n");
  }
  static Wanted wanted(const std::string& rule = "file,") {
    return {.name = "runward-x", .source = "profile runward-x {\n  " + rule + "\n}\n"};
  }

  fs::path dir_;
  Places places_;
};

TEST_F(LoadTest, ReadsTheKernelsList) {
  const auto all = loaded_profiles(places_);
  ASSERT_TRUE(all);
  EXPECT_EQ(*all, (std::set<LoadedProfile>{{"docker-default", "enforce"}, {"odd (name)", "complain"}}));
  EXPECT_TRUE(*is_loaded(places_, "docker-default"));
  EXPECT_FALSE(*is_loaded(places_, "docker"));
}

TEST_F(LoadTest, IsNotReadyWithoutParserAndCache) {
  EXPECT_EQ(*look(places_, wanted()), Readiness::unavailable);
  const auto loaded = ensure_loaded(places_, wanted());
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr("apparmor_parser is missing"));
  EXPECT_EQ(get("kernel/.replace"), "");
}

TEST_F(LoadTest, IsNotReadyWhereTheKernelTakesNothing) {
  install_parser();
  fs::remove(dir_ / "kernel/.replace");
  EXPECT_EQ(*look(places_, wanted()), Readiness::unavailable);
}

TEST_F(LoadTest, CompilesLoadsAndRemembers) {
  install_parser();
  kernel_has("runward-x", "aa");
  EXPECT_EQ(*look(places_, wanted()), Readiness::loadable);
  EXPECT_EQ(*ensure_loaded(places_, wanted()), Loaded::compiled);
  EXPECT_EQ(get("kernel/.replace"), "compiled:abi <abi/3.0>,\n\nprofile runward-x {\n  file,\n}\n");
  EXPECT_EQ(*look(places_, wanted()), Readiness::loaded);
  EXPECT_EQ(*ensure_loaded(places_, wanted()), Loaded::already);
}

TEST_F(LoadTest, NeedsNoParserOnceItIsCompiled) {
  install_parser();
  ASSERT_TRUE(prepare(places_, wanted()));
  EXPECT_EQ(fs::status(places_.cache).permissions(), fs::perms::owner_all);
  EXPECT_EQ(get("kernel/.replace"), "");
  places_.parser.clear();
  kernel_has("runward-x", "aa");
  EXPECT_EQ(*look(places_, wanted()), Readiness::loadable);
  EXPECT_EQ(*ensure_loaded(places_, wanted()), Loaded::from_cache);
  EXPECT_THAT(get("kernel/.replace"), HasSubstr("compiled:"));
}

TEST_F(LoadTest, NoticesAnotherContentUnderTheSameName) {
  install_parser();
  kernel_has("runward-x", "aa");
  ASSERT_TRUE(ensure_loaded(places_, wanted()));
  kernel_has("runward-x", "bb");  // somebody replaced it
  EXPECT_EQ(*look(places_, wanted()), Readiness::loadable);
  EXPECT_EQ(*ensure_loaded(places_, wanted()), Loaded::from_cache);
  EXPECT_EQ(*ensure_loaded(places_, wanted()), Loaded::already);
  EXPECT_EQ(*ensure_loaded(places_, wanted("network,")), Loaded::compiled);  // our text is another
  EXPECT_THAT(get("kernel/.replace"), HasSubstr("network,"));
}

TEST_F(LoadTest, NoticesThatItWasRemoved) {
  install_parser();
  kernel_has("runward-x", "aa");
  ASSERT_TRUE(ensure_loaded(places_, wanted()));
  fs::remove_all(dir_ / "kernel/policy/profiles/runward-x.3");
  kernel_has("runward-x.1", "aa", "4");  // "runward-x.1.4" is no folder of runward-x
  EXPECT_EQ(*kernel_hash(places_, "runward-x"), std::nullopt);
  EXPECT_EQ(*look(places_, wanted()), Readiness::loadable);
}

TEST_F(LoadTest, CompilesAgainForAnotherKernel) {
  install_parser();
  ASSERT_TRUE(prepare(places_, wanted()));
  ASSERT_TRUE(*cached(places_, wanted()));
  put("kernel/features/file/mask", "read write more");
  EXPECT_FALSE(*cached(places_, wanted()));
}

TEST_F(LoadTest, KeepsOneCompiledFormForEachKernel) {
  install_parser();
  ASSERT_TRUE(prepare(places_, wanted()));
  ASSERT_TRUE(prepare(places_, wanted("network,")));
  const auto files = [&] { return std::vector<fs::path>(fs::directory_iterator(places_.cache), {}); };
  EXPECT_THAT(files(), SizeIs(1));
  put("kernel/features/file/mask", "other");
  ASSERT_TRUE(prepare(places_, wanted("network,")));
  EXPECT_THAT(files(), SizeIs(2));
}

TEST_F(LoadTest, TrustsNoCacheThatOthersCanWriteTo) {
  install_parser();
  ASSERT_TRUE(prepare(places_, wanted()));
  fs::permissions(places_.cache, fs::perms::all);
  const auto binary = cached(places_, wanted());
  ASSERT_FALSE(binary);
  EXPECT_THAT(binary.error().message, HasSubstr("written by others"));
}

TEST_F(LoadTest, TouchesNobodyElsesProfile) {
  install_parser();
  EXPECT_FALSE(ensure_loaded(places_, {.name = "docker-default", .source = "profile docker-default {}"}));
  EXPECT_FALSE(unload(places_, "docker-default"));
  EXPECT_EQ(get("kernel/.remove"), "");
  const auto smuggled =
      ensure_loaded(places_, {.name = "runward-x", .source = "profile docker-default {\n  file,\n}\n"});
  ASSERT_FALSE(smuggled);
  EXPECT_THAT(smuggled.error().message, HasSubstr("docker-default"));
  // More than our own parser reads goes to theirs word for word, and its names are looked at.
  EXPECT_FALSE(ensure_loaded(places_, {.name = "runward-x", .source = "profile runward-x {}\nprofile sshd {}\n"}));
  EXPECT_EQ(get("kernel/.replace"), "");
}

TEST_F(LoadTest, IsNotLoadedWhenTheKernelDoesNotShowIt) {
  install_parser();
  const auto loaded = ensure_loaded(places_, wanted());
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr("is not there"));
  EXPECT_EQ(*look(places_, wanted()), Readiness::loadable);
}

TEST_F(LoadTest, UnloadsWhatIsItsOwn) {
  install_parser();
  kernel_has("runward-x", "aa");
  ASSERT_TRUE(ensure_loaded(places_, wanted()));
  ASSERT_TRUE(unload(places_, "runward-x"));
  EXPECT_EQ(get("kernel/.remove"), "runward-x");
  EXPECT_FALSE(*is_current(places_, wanted()));
}

}  // namespace
}  // namespace runward::apparmor

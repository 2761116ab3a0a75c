// SPDX-License-Identifier: Apache-2.0
#include "apparmor/pattern.h"

#include <gmock/gmock.h>

#include <random>

#include "apparmor/match.h"

namespace runward::apparmor {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Escape, LeavesNothingThatTheLanguageReads) {
  EXPECT_EQ(escape("/usr/bin/nginx-1.25_x"), "/usr/bin/nginx-1.25_x");
  EXPECT_EQ(escape("a b"), "a b");
  EXPECT_EQ(escape("\"#\n\\*"), "\\042\\043\\012\\134\\052");
  EXPECT_EQ(escape("@{x,y}[z]^?$"), "\\100\\173x\\054y\\175\\133z\\135\\136\\077\\044");
  EXPECT_EQ(escape("\xff\x01\xc3\xa9"), "\\377\\001\\303\\251");
}

TEST(ExactPath, IsWhatItSays) {
  const std::string name = "/srv/a\"b r,\n  /** rwx,\n#*";
  const auto pattern = exact_path(name);
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(pattern->is_exact());
  EXPECT_TRUE(matches(*pattern, name));
  EXPECT_FALSE(matches(*pattern, "/srv/a"));
  EXPECT_THAT(pattern->text(), Not(HasSubstr("\n")));
}

TEST(ExactPath, RefusesWhatIsNoPathOfAFile) {
  for (const std::string& name :
       {std::string(), std::string("a"), std::string("/a//b"), std::string("/a/./b"), std::string("/a/.."),
        std::string("/."), std::string("/a\0b", 4), "/" + std::string(4096, 'x')})
    EXPECT_FALSE(exact_path(name)) << name.substr(0, 20);
  EXPECT_TRUE(exact_path("/" + std::string(4095, '"')));
  EXPECT_TRUE(exact_path("/a/...b/"));
}

TEST(Glob, HasOneCanonicalForm) {
  struct Case {
    std::string_view given, canonical;
  };
  for (const Case& each : {Case{"/a/*", "/a/*"},
                           {"/a/{b,c d}/**", "/a/{b,c d}/**"},
                           {R"(/a\*b)", R"(/a\052b)"},
                           {R"(/a\052b)", R"(/a\052b)"},
                           {"/a,b", R"(/a\054b)"},
                           {R"(/\"\141)", R"(/\042a)"},
                           {"/[^a-z0-9_]x", "/[^a-z0-9_]x"},
                           {"/a^b", R"(/a\136b)"},
                           {"/a@b", R"(/a\100b)"}}) {
    const auto pattern = Pattern::glob(each.given);
    ASSERT_TRUE(pattern) << pattern.error().message;
    EXPECT_EQ(pattern->text(), each.canonical);
    EXPECT_EQ(*Pattern::glob(pattern->text()), *pattern);
  }
}

TEST(Glob, RefusesWhatIsReadInMoreThanOneWay) {
  for (const std::string_view text :
       {"", "/a{b", "/a}b", "/a{b}", "/a[b", "/a]b", "/[]", "/[^]", "/[z-a]", "/[a-]", "/[*]", "/[a,b]", "/@{HOME}/x",
        "/a\\", "/a\\nb", "/a\\x41", "/a\\000", "/a\\777", "/{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{a,b},b}"})
    EXPECT_FALSE(Pattern::glob(text)) << text;
}

// Names as a hostile image has them: what is special to any of the parser's layers, more often than by chance.
std::string hostile_name(std::mt19937& random) {
  constexpr std::string_view kSpecial = "\"#\\{}[]*?^,@$ \t\n()<>!=:%&-|+.;'ab01";
  std::string name = "/";
  const std::size_t length = 1 + random() % 40;
  while (name.size() < length) {
    const char c = random() % 3 == 0 ? static_cast<char>(1 + random() % 255) : kSpecial[random() % kSpecial.size()];
    if (c != '/') name.push_back(c);
  }
  return name == "/." || name == "/.." ? "/x" : name;
}

TEST(ExactPath, MatchesItselfAndNoOtherName) {
  std::mt19937 random(5);  // NOLINT(cert-msc51-cpp): the same names in every run
  for (int i = 0; i < 3000; ++i) {
    const std::string name = hostile_name(random);
    const std::string other = hostile_name(random);
    const auto pattern = exact_path(name);
    ASSERT_TRUE(pattern) << pattern.error().message;
    EXPECT_TRUE(matches(*pattern, name));
    EXPECT_EQ(matches(*pattern, other), name == other);
    EXPECT_FALSE(matches(*pattern, name + "x"));
    EXPECT_FALSE(matches(*pattern, name.substr(0, name.size() - 1)));
  }
}

}  // namespace
}  // namespace runward::apparmor

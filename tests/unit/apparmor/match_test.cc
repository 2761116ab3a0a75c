// SPDX-License-Identifier: Apache-2.0
#include "apparmor/match.h"

#include <gmock/gmock.h>

#include "apparmor/parse.h"

namespace runward::apparmor {
namespace {

struct Case {
  std::string_view pattern, name;
  bool matches;
};

TEST(Matcher, ReadsGlobsAsTheParserDoes) {
  for (const Case& each : {
           Case{"/a", "/a", true},
           {"/a", "/a/", false},
           {"/tmp/*", "/tmp/x", true},
           {"/tmp/*", "/tmp/", false},
           {"/tmp/*", "/tmp/x/", false},
           {"/tmp/*/", "/tmp/x/", true},
           {"/tmp/*/y", "/tmp//y", false},
           {"/tmp/**", "/tmp/x/y", true},
           {"/tmp/**", "/tmp/", false},
           {"/tmp/**", "/tmp//x", false},
           {"/tmp/**/", "/tmp/x/y/", true},
           {"/tmp/**/", "/tmp/x/y", false},
           {"/tmp/x*", "/tmp/x", true},
           {"/tmp/*x", "/tmp/x", true},
           {"/tmp**", "/tmp", true},
           {"/?", "/a", true},
           {"/?", "//", false},
           {"/[a-c]x", "/bx", true},
           {"/[^a-c]x", "/bx", false},
           {"/a[^b]c", "/a/c", true},
           {"/{a,bc,}d", "/bcd", true},
           {"/{a,bc,}d", "/d", true},
           {"/{a,bc,}d", "/acd", false},
           {"/{a,{b,c}*}/x", "/cc/x", true},
           {"/{var/,}run/docker.sock", "/run/docker.sock", true},
           {R"(/a\052)", "/a*", true},
           {R"(/a\052)", "/ab", false},
           {"/***", "/a/b", true},
       })
    EXPECT_EQ(matches(*Pattern::glob(each.pattern), each.name), each.matches) << each.pattern << " " << each.name;
}

TEST(Matcher, TakesNoExponentialTime) {
  std::string pattern = "/";
  for (int i = 0; i < 200; ++i) pattern += "{a,a,}*";
  EXPECT_FALSE(matches(*Pattern::glob(pattern + "b"), "/" + std::string(4000, 'a')));
}

Profile profile_of(std::string_view rules) {
  auto profile = parse("profile p {\n" + std::string(rules) + "\n}", "test");
  EXPECT_TRUE(profile) << profile.error().message;
  return *std::move(profile);
}

TEST(FileAccess, IsWhatIsAllowedAndNotDenied) {
  const Profile profile =
      profile_of("/srv/** r,\n/srv/data rwk,\ndeny /srv/data/secret r,\ndeny /srv/data a,\nowner /home/* w,");
  EXPECT_EQ(file_access(profile, "/srv/x/y", Owner::yes).permissions, Permissions({Permission::read}));
  EXPECT_EQ(file_access(profile, "/srv/data", Owner::yes).permissions,
            Permissions({Permission::read, Permission::write, Permission::lock}));
  EXPECT_TRUE(file_access(profile, "/srv/data/secret", Owner::yes).permissions.empty());
  EXPECT_TRUE(file_access(profile, "/home/x", Owner::no).permissions.empty());
  EXPECT_TRUE(file_access(profile, "/home/x", Owner::yes).permissions.has(Permission::append));
  EXPECT_TRUE(file_access(profile, "/etc", Owner::yes).permissions.empty());
}

TEST(FileAccess, TellsHowAProgramMayBeExecuted) {
  const Profile profile = profile_of("/bin/** ix,\n/bin/su px,\n/bin/data r,\ndeny /bin/no x,");
  EXPECT_EQ(file_access(profile, "/bin/sh", Owner::no).transition, Transition::inherit);
  EXPECT_TRUE(file_access(profile, "/bin/sh", Owner::no).permissions.has(Permission::map));
  EXPECT_EQ(file_access(profile, "/bin/su", Owner::no).transition, Transition::profile);
  EXPECT_EQ(file_access(profile, "/bin/no", Owner::no).transition, std::nullopt);
  EXPECT_EQ(file_access(profile, "/etc/x", Owner::no).transition, std::nullopt);
  EXPECT_EQ(file_access(profile_of("file,"), "/x", Owner::no).transition, Transition::inherit);
}

}  // namespace
}  // namespace runward::apparmor

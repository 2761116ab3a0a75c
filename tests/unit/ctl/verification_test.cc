// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "apparmor/parse.h"
#include "apparmor/render.h"
#include "shim/ctl/container_processes.h"
#include "shim/ctl/verification_place.h"
#include "shim/verification.h"

namespace runward::ctl {
namespace {

const std::string kId(64, 'a');
const std::string kOther(64, 'b');

TEST(ContainerInCgroup, IsTheOutermostId) {
  EXPECT_EQ(container_in_cgroup("0::/docker/" + kId + "\n"), kId);
  EXPECT_EQ(container_in_cgroup("0::/system.slice/docker-" + kId + ".scope\n"), kId);
  EXPECT_EQ(container_in_cgroup("4:memory:/kubepods/pod12/cri-containerd-" + kId + ".scope\n"), kId);
  // What lies deeper is the container's own to name.
  EXPECT_EQ(container_in_cgroup("0::/docker/" + kId + "/docker-" + kOther + ".scope\n"), kId);
  for (const std::string& none : {std::string("0::/user.slice\n"), "0::/docker/" + kId + "a\n", "0::/x" + kId + "\n",
                                  "0::/docker/" + kId.substr(1) + "\n", std::string(), kId})
    EXPECT_EQ(container_in_cgroup(none), std::nullopt) << none;
}

TEST(OwnerOf, AProcessThatBeganAfterTheRecordIsAnother) {
  EXPECT_EQ(owner_of(::getpid(), 1000, std::nullopt).owner, Owner::unknown);
}

TEST(Grant, IsReadAsItWasWritten) {
  const Grant grant{.folder = "/f", .profile = "web", .id_file = "/f/id", .apparmor = "runward-verify-x"};
  const auto again = parse_grant(print_grant(grant), "/f");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->profile, "web");
  EXPECT_EQ(again->id_file, "/f/id");
  EXPECT_EQ(again->apparmor, "runward-verify-x");
  for (const char* const text :
       {"", "{}", R"({"profile": "web", "id_file": "id"})", R"({"profile": 1, "id_file": "/id"})"})
    EXPECT_FALSE(parse_grant(text, "/f")) << text;
}

// Complain mode lets an `audit deny` through, a `deny` not (security/apparmor/file.c, aa_audit_file).
TEST(Complaining, StillDeniesWhatIsDenied) {
  const auto profile = apparmor::parse(
      "profile runward-web flags=(attach_disconnected) {\n  audit deny mount,\n  deny /proc/kcore r,\n  /etc/passwd "
      "r,\n"
      "  signal (send, receive) peer=\"runward-web\",\n  ptrace read peer=\"runward-web//&*\",\n  signal receive "
      "peer=\"runward-website\",\n}\n",
      "apparmor");
  ASSERT_TRUE(profile) << profile.error().message;
  const auto expected = apparmor::parse(
      "profile runward-verify-x flags=(attach_disconnected, complain) {\n  deny mount,\n  deny /proc/kcore r,\n"
      "  /etc/passwd r,\n  signal (send, receive) peer=\"runward-verify-x\",\n  ptrace read "
      "peer=\"runward-verify-x//&*\",\n  signal receive peer=\"runward-website\",\n}\n",
      "apparmor");
  ASSERT_TRUE(expected) << expected.error().message;
  EXPECT_EQ(complaining(*profile, "runward-verify-x"), *expected);
}

}  // namespace
}  // namespace runward::ctl

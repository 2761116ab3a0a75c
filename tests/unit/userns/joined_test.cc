// SPDX-License-Identifier: Apache-2.0
#include "shim/userns/joined.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace runward::userns {
namespace {

oci::Value document_that_joins(const std::string& path) {
  return {{"linux", {{"namespaces", {{{"type", "pid"}}, {{"type", "network"}, {"path", path}}}}}}};
}

TEST(HoldNamespaces, OpensThoseThatAreJoined) {
  const oci::Value document = document_that_joins("/proc/self/ns/net");
  const auto held = hold_namespaces(oci::Spec(document));
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].type, "network");
  EXPECT_TRUE(held[0].fd);
}

TEST(LookAtJoined, KnowsTheHostsNetwork) {
  const oci::Value document = document_that_joins("/proc/self/ns/net");
  const auto joined = look_at_joined(hold_namespaces(oci::Spec(document)));
  ASSERT_TRUE(joined) << joined.error().message;
  EXPECT_TRUE(joined->has_hosts_network);
  EXPECT_FALSE(joined->user_namespace);
}

TEST(LookAtJoined, FailsWhereOneCantBeLookedAt) {
  const oci::Value document = document_that_joins("/not/there");
  EXPECT_FALSE(look_at_joined(hold_namespaces(oci::Spec(document))));
}

TEST(IsAlive, EndsWithTheProcessNotWithItsNumber) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const UniqueFd process(::open(("/proc/" + std::to_string(child)).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  ASSERT_TRUE(process);
  EXPECT_TRUE(is_alive(process));
  ::kill(child, SIGKILL);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(is_alive(process)) << "a zombie";
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(is_alive(process));
}

}  // namespace
}  // namespace runward::userns

// SPDX-License-Identifier: Apache-2.0
#include "shim/host/answering_sources.h"

#include <gtest/gtest.h>

namespace runward::host {
namespace {

TEST(SourcesThatMayNotAnswer, AreThoseThatAProgramOrAnotherMachineServes) {
  for (const char* const served : {"fuse", "fuse.sshfs", "fuseblk", "nfs4", "cifs", "9p"})
    EXPECT_TRUE(may_not_answer(served)) << served;
  for (const char* const own : {"ext4", "xfs", "overlay", "tmpfs", "fusectl", "nfsd", "proc", ""})
    EXPECT_FALSE(may_not_answer(own)) << own;
}

TEST(SourcesThatMayNotAnswer, ThoseOfThisMachineDo) {
  const oci::Mount here{.destination = "/d", .type = "bind", .source = "/", .options = {"rbind"}};
  const oci::Mount gone{.destination = "/e", .type = "bind", .source = "/not/there", .options = {}};
  EXPECT_TRUE(check_that_sources_answer({here, gone}, ""));
}

}  // namespace
}  // namespace runward::host

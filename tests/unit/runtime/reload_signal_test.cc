// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/reload_signal.h"

#include <gtest/gtest.h>

namespace runward::runtime {
namespace {

TEST(TellsToReload, KnowsTheThreeByNumber) {
  for (const char* const signal : {"1", "10", "12", "+1", "01"}) EXPECT_TRUE(tells_to_reload(signal)) << signal;
}

TEST(TellsToReload, KnowsThemByName) {
  for (const char* const signal : {"HUP", "SIGHUP", "hup", "SigUsr1", "USR2"})
    EXPECT_TRUE(tells_to_reload(signal)) << signal;
}

TEST(TellsToReload, SaysNoToAllOthers) {
  for (const char* const signal : {"", "0", "9", "15", "KILL", "SIGTERM", "USR", "USR3", "-1", "1x", "++1", "SIGSIGHUP",
                                   " 1", "99999999999999999999"})
    EXPECT_FALSE(tells_to_reload(signal)) << signal;
}

}  // namespace
}  // namespace runward::runtime

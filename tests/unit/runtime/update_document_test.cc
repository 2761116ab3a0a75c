// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/update_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runward::runtime {
namespace {

using oci::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Argv = std::vector<std::string>;

Invocation parsed(const Argv& argv) {
  auto call = parse_command_line(argv);
  EXPECT_TRUE(call) << (call ? "" : call.error().message);
  return call ? *std::move(call) : Invocation{};
}

TEST(UpdateDocument, FindsTheFile) {
  EXPECT_EQ(resources_file(parsed({"runward", "update", "--resources", "-", "id"})), "-");
  EXPECT_EQ(resources_file(parsed({"runward", "update", "-r=/f", "id"})), "/f");
  EXPECT_EQ(resources_file(parsed({"runward", "update", "--memory", "1", "id"})), std::nullopt);
}

TEST(UpdateDocument, PutsEveryFlagWhereItBelongs) {
  const auto document = resources_from_flags(parsed({"runward",
                                                     "update",
                                                     "--memory",
                                                     "64m",
                                                     "--memory-swap",
                                                     "-1",
                                                     "--memory-reservation=1g",
                                                     "--cpu-quota",
                                                     "-1",
                                                     "--cpu-period",
                                                     "100000",
                                                     "--cpu-share",
                                                     "512",
                                                     "--cpuset-cpus",
                                                     "0-1",
                                                     "--cpuset-mems",
                                                     "0",
                                                     "--pids-limit",
                                                     "-1",
                                                     "--blkio-weight",
                                                     "10",
                                                     "--cpu-rt-period",
                                                     "1",
                                                     "--cpu-rt-runtime",
                                                     "2",
                                                     "--cpu-burst",
                                                     "3",
                                                     "--cpu-idle",
                                                     "1",
                                                     "id"}));
  ASSERT_TRUE(document);
  EXPECT_EQ(*document, Value({{"memory", {{"limit", 64 << 20}, {"swap", -1}, {"reservation", 1 << 30}}},
                              {"cpu",
                               {{"quota", -1},
                                {"period", 100000},
                                {"shares", 512},
                                {"cpus", "0-1"},
                                {"mems", "0"},
                                {"realtimePeriod", 1},
                                {"realtimeRuntime", 2},
                                {"burst", 3},
                                {"idle", 1}}},
                              {"pids", {{"limit", -1}}},
                              {"blockIO", {{"weight", 10}}}}));
}

TEST(UpdateDocument, RefusesWhatIsNoNumber) {
  for (const char* const option : {"--memory=lots", "--pids-limit=1.5", "--cpu-quota=0x10", "--memory=1e3"}) {
    const auto document = resources_from_flags(parsed({"runward", "update", option, "id"}));
    ASSERT_FALSE(document) << option;
    EXPECT_THAT(document.error().message, HasSubstr("needs a number"));
  }
}

TEST(UpdateDocument, ReadsBytesAsRuncDoes) {
  EXPECT_EQ(parse_bytes("0"), 0);
  EXPECT_EQ(parse_bytes("-1"), -1);
  EXPECT_EQ(parse_bytes("1024b"), 1024);
  EXPECT_EQ(parse_bytes("2k"), 2048);
  EXPECT_EQ(parse_bytes("2K"), 2048);
  EXPECT_EQ(parse_bytes("3mb"), 3 << 20);
  EXPECT_EQ(parse_bytes("3MiB"), 3 << 20);
  EXPECT_EQ(parse_bytes("1t"), std::int64_t{1} << 40);
  EXPECT_EQ(parse_bytes("8191p"), std::int64_t{8191} << 50);
  for (const char* const text : {"", "m", "-2", "-1m", "1x", "1bb", "1ib", "8192p", "9223372036854775808", "1 m"})
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
}

TEST(UpdateDocument, WritesTheCallAnew) {
  const Argv argv = {"runward",           "--root", "/r", "update", "--memory", "64g", "-r", "/f",
                     "--l3-cache-schema", "L3:0=f", "id"};
  EXPECT_THAT(with_resources_on_stdin(parsed(argv), argv),
              ElementsAre("runward", "--root", "/r", "update", "--resources=-", "--l3-cache-schema=L3:0=f", "id"));
}

TEST(DropNulls, TakesThemOutOfObjectsAtAnyDepth) {
  oci::Value document = {{"pids", nullptr},
                         {"memory", {{"limit", nullptr}, {"swap", 5}}},
                         {"devices", oci::Value::array({nullptr})},
                         {"cpu", {{"quota", nullptr}}}};
  drop_nulls(document);
  EXPECT_EQ(document,
            oci::Value(
                {{"memory", {{"swap", 5}}}, {"devices", oci::Value::array({nullptr})}, {"cpu", oci::Value::object()}}));
}

}  // namespace
}  // namespace runward::runtime

// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

TEST(MaskPaths, AddsTheEnginesAndTheProfilesPathsToThoseThatAreThere) {
  Bench bench;
  bench.policy.masked_paths = {.masked = {"/proc/kallsyms"}, .read_only = {"/proc/tty"}};
  const Value document = {{"linux", {{"maskedPaths", {"/own", "/proc/kcore"}}, {"readonlyPaths", {"/proc/sys"}}}}};
  const Value after = bench.after(mask_paths, document);
  const auto masked = strings(after["linux"]["maskedPaths"]);
  EXPECT_EQ(masked.front(), "/own");
  for (const char* path : {"/proc/kcore", "/proc/kallsyms", "/sys/firmware", "/proc/interrupts"})
    EXPECT_THAT(masked, Contains(path));
  EXPECT_EQ(std::ranges::count(masked, "/proc/kcore"), 1);
  for (const char* path : {"/proc/sys", "/proc/tty", "/proc/sysrq-trigger"})
    EXPECT_THAT(strings(after["linux"]["readonlyPaths"]), Contains(path));
}

TEST(MaskPaths, RefusesUnmaskedPathsFromDockerWhichAlwaysMasks) {
  Bench bench;
  bench.host.engine_namespace = "moby";
  const Value nothing_masked = {{"linux", Value::object()}};
  EXPECT_THAT(bench.refusals(mask_paths, nothing_masked), SizeIs(1));
  bench.strips(RuleId::masked_paths);
  EXPECT_THAT(strings(bench.after(mask_paths, nothing_masked)["linux"]["maskedPaths"]), Contains("/proc/kcore"));
}

TEST(MaskPaths, MasksWithoutAWordForOtherEngines) {
  Bench bench;
  bench.host.engine_namespace = "default";
  EXPECT_THAT(bench.refusals(mask_paths, Value::object()), IsEmpty());
  EXPECT_THAT(strings(bench.after(mask_paths, Value::object())["linux"]["readonlyPaths"]), Contains("/proc/sys"));
}

}  // namespace
}  // namespace runward::harden::steps

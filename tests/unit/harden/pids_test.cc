// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

TEST(LimitPids, SetsClampsAndKeeps) {
  struct Row {
    Value asked;
    int expected;
  };
  Bench bench;
  bench.policy.pids = {.when_unset = policy::Amount{.absolute = 1024, .percent = std::nullopt},
                       .ceiling = policy::Amount{.absolute = 4096, .percent = std::nullopt}};
  for (const Row& row : {Row{nullptr, 1024}, Row{-1, 1024}, Row{0, 1024}, Row{100, 100}, Row{4096, 4096},
                         Row{4097, 4096}, Row{INT64_MAX, 4096}})
    EXPECT_EQ(bench.after(limit_pids, {{"pids", {{"limit", row.asked}}}})["pids"]["limit"], row.expected) << row.asked;
  EXPECT_EQ(bench.after(limit_pids, Value::object())["pids"]["limit"], 1024);
}

}  // namespace
}  // namespace runward::harden::steps

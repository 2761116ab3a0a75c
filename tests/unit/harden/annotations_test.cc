// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

TEST(StripAnnotations, RemovesWhatIsDeniedAndKeepsTheRest) {
  Bench bench;
  bench.policy.annotations_denied = {"org.systemd.property.*", "org.criu.config"};
  const Value document = {
      {"annotations", {{"org.systemd.property.ExecStart", "x"}, {"org.criu.config", "y"}, {"team", "web"}}}};
  EXPECT_EQ(bench.after(strip_annotations, document)["annotations"], Value({{"team", "web"}}));
}

TEST(StripAnnotations, KeepsAnExemptOne) {
  Bench bench;
  bench.policy.annotations_denied = {"org.systemd.property.*"};
  bench.policy.annotations_allowed = {"org.systemd.property.CollectMode"};
  const Value document = {{"annotations", {{"org.systemd.property.CollectMode", "'inactive'"}}}};
  EXPECT_THAT(bench.verdict(strip_annotations, document).changes, IsEmpty());
}

TEST(StripAnnotations, FindsNamesThatNeedEscapingInAPointer) {
  Bench bench;
  bench.policy.annotations_denied = {"module.wasm.image/*", "a~*"};
  const Value document = {{"annotations", {{"module.wasm.image/variant", "x"}, {"a~b", "y"}}}};
  EXPECT_EQ(bench.after(strip_annotations, document)["annotations"], Value::object());
}

}  // namespace
}  // namespace runward::harden::steps

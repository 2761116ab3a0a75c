// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

TEST(RequireListedImage, RefusesWhereTheEngineDoesNotTell) {
  Bench bench;
  bench.policy.image.allowed = {"docker.io/*"};
  EXPECT_THAT(bench.refusals(require_listed_image, Value::object()), SizeIs(1));
}

TEST(RequireListedImage, TrustsTheDigestAndNotTheName) {
  Bench bench;
  bench.policy.image.allowed = {"docker.io/library/nginx"};
  bench.host.container = host::ContainerInfo{
      .image = "evil", .image_id = "sha256:1", .image_digests = {"docker.io/library/nginx@sha256:2"}, .labels = {}};
  EXPECT_THAT(bench.refusals(require_listed_image, Value::object()), IsEmpty());
  bench.host.container =
      host::ContainerInfo{.image = "nginx", .image_id = "sha256:1", .image_digests = {}, .labels = {}};
  EXPECT_THAT(bench.refusals(require_listed_image, Value::object()), SizeIs(1));
}

}  // namespace
}  // namespace runward::harden::steps

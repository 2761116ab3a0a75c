// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

Value sane() {
  return {{"ociVersion", "1.0.2-dev"},
          {"process", {{"args", {"sh"}}}},
          {"root", {{"path", "/r"}}},
          {"linux", {{"cgroupsPath", "/docker/x"}}}};
}

TEST(RefuseInsaneSpec, AcceptsAnEnginesDocument) {
  EXPECT_THAT(Bench().refusals(refuse_insane_spec, sane()), IsEmpty());
}

TEST(RefuseInsaneSpec, RefusesWhatLacksAPart) {
  for (const char* part : {"process", "root", "linux"}) {
    Value without = sane();
    without.erase(part);
    Value with_null = sane();
    with_null[part] = nullptr;
    EXPECT_THAT(Bench().refusals(refuse_insane_spec, without), SizeIs(1)) << part;
    EXPECT_THAT(Bench().refusals(refuse_insane_spec, with_null), SizeIs(1)) << part;
  }
}

TEST(RefuseInsaneSpec, RefusesAnotherMajorVersion) {
  for (const char* version : {"2.0.0", "0.9", "", "10.0", "1"}) {
    Value document = sane();
    document["ociVersion"] = version;
    EXPECT_THAT(Bench().refusals(refuse_insane_spec, document), SizeIs(1)) << version;
  }
}

TEST(RefuseInsaneSpec, RefusesACgroupPathThatClimbs) {
  for (const char* path : {"/docker/../x", "..", "../x", "/docker/.."}) {
    Value document = sane();
    document["linux"]["cgroupsPath"] = path;
    EXPECT_THAT(Bench().refusals(refuse_insane_spec, document), SizeIs(1)) << path;
  }
  Value dots_in_a_name = sane();
  dots_in_a_name["linux"]["cgroupsPath"] = "/docker/a..b";
  EXPECT_THAT(Bench().refusals(refuse_insane_spec, dots_in_a_name), IsEmpty());
}

}  // namespace
}  // namespace runward::harden::steps

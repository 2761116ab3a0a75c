// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

Value rule(bool allow, const char* type, int major, int minor, const char* access) {
  return {{"allow", allow}, {"type", type}, {"major", major}, {"minor", minor}, {"access", access}};
}
const Value kDenyAll = {{"allow", false}, {"access", "rwm"}};

Value document_with(const Value& rules, const Value& nodes = Value::array()) {
  return {{"linux", {{"devices", nodes}, {"resources", {{"devices", rules}}}}}};
}
Value rules_of(const Value& document) { return document["linux"]["resources"]["devices"]; }

TEST(LimitDevices, RefusesAWildcardAndAccessThatIsNotListed) {
  const Bench bench;
  for (const Value& one : {rule(true, "a", -1, -1, "rwm"), rule(true, "c", 10, 58, "rw"), rule(true, "b", 8, 0, "r"),
                           rule(true, "c", -1, -1, "rw"), rule(true, "c", 1, -1, "rw"), rule(true, "u", 1, 3, "rw"),
                           Value({{"allow", true}, {"access", "rwm"}})})
    EXPECT_THAT(bench.refusals(limit_devices, document_with(Value::array({kDenyAll, one}))), SizeIs(1)) << one;
}

TEST(LimitDevices, StripsWhatEnginesGiveByThemselves) {
  const Bench bench;
  const Value document = document_with(Value::array(
      {kDenyAll, rule(true, "c", -1, -1, "m"), rule(true, "b", -1, -1, "m"), rule(true, "c", 1, 3, "rwm")}));
  EXPECT_THAT(bench.refusals(limit_devices, document), IsEmpty());
  EXPECT_EQ(rules_of(bench.after(limit_devices, document)), Value::array({kDenyAll, rule(true, "c", 1, 3, "rw")}));
}

TEST(LimitDevices, KeepsTheStandardNodesAndPseudoTerminals) {
  const Bench bench;
  const Value document =
      document_with(Value::array({kDenyAll, rule(true, "c", 1, 5, "rw"), rule(true, "c", 136, -1, "rw")}));
  EXPECT_THAT(bench.verdict(limit_devices, document).changes, IsEmpty());
}

TEST(LimitDevices, StripsInPlaceOfRefusing) {
  Bench bench;
  bench.strips(RuleId::devices);
  const Value sda = {{"path", "/dev/sda"}, {"type", "b"}, {"major", 8}, {"minor", 0}};
  const Value document = document_with(
      Value::array({kDenyAll, rule(true, "b", 8, 0, "rwm"), rule(true, "a", -1, -1, "rwm")}), Value::array({sda}));
  EXPECT_THAT(bench.refusals(limit_devices, document), IsEmpty());
  const Value after = bench.after(limit_devices, document);
  EXPECT_EQ(rules_of(after), Value::array({kDenyAll}));
  EXPECT_EQ(after["linux"]["devices"], Value::array());
}

TEST(LimitDevices, LetsAListedDeviceThroughWithoutMknod) {
  Bench bench;
  bench.host.allowed_devices = {{.path = "/dev/fuse", .type = "c", .major = 10, .minor = 229}};
  const Value fuse = {{"path", "/dev/fuse"}, {"type", "c"}, {"major", 10}, {"minor", 229}};
  const Value document = document_with(Value::array({kDenyAll, rule(true, "c", 10, 229, "rwm")}), Value::array({fuse}));
  EXPECT_THAT(bench.refusals(limit_devices, document), IsEmpty());
  EXPECT_EQ(rules_of(bench.after(limit_devices, document)), Value::array({kDenyAll, rule(true, "c", 10, 229, "rw")}));
}

// `docker run --device /dev/sda:/dev/fuse`: the path in the container is the user's choice, the numbers are what
// counts.
TEST(LimitDevices, IsNotFooledByAnotherDeviceUnderAListedName) {
  Bench bench;
  bench.host.allowed_devices = {{.path = "/dev/fuse", .type = "c", .major = 10, .minor = 229}};
  const Value disk = {{"path", "/dev/fuse"}, {"type", "b"}, {"major", 8}, {"minor", 0}};
  const Value document = document_with(Value::array({kDenyAll, rule(true, "b", 8, 0, "rwm")}), Value::array({disk}));
  EXPECT_THAT(bench.refusals(limit_devices, document), Not(IsEmpty()));
}

TEST(LimitDevices, StartsWithDenyingEverything) {
  const Bench bench;
  for (const Value& rules : {Value::array(), Value::array({rule(true, "c", 1, 3, "rw")}), Value(nullptr)}) {
    const Value after = bench.after(limit_devices, document_with(rules));
    EXPECT_EQ(rules_of(after)[0], kDenyAll) << rules;
  }
}

// runc: "device access at 1 field cannot be empty".
TEST(LimitDevices, LeavesNoRuleWithoutAccess) {
  const Bench bench;
  const Value rules =
      rules_of(bench.after(limit_devices, document_with(Value::array({kDenyAll, rule(true, "c", 1, 3, "m")}))));
  for (const Value& after : rules) EXPECT_NE(after["access"], "") << after;
}

TEST(LimitDevices, RefusesANodeThatIsNotListed) {
  const Bench bench;
  const Value mem = {{"path", "/dev/null"}, {"type", "c"}, {"major", 1}, {"minor", 1}};
  EXPECT_THAT(bench.refusals(limit_devices, document_with(Value::array({kDenyAll}), Value::array({mem}))), SizeIs(1));
}

}  // namespace
}  // namespace runward::harden::steps

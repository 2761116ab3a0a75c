// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/harden/step_test.h"

namespace runward::harden::steps {
namespace {

// A function: before main libcap-ng does not know yet how many there are.
Value all_capabilities() {
  Value all = Value::array();
  for (unsigned number = 0; number < 41; ++number) all.push_back(to_string(oci::Capability{number}));
  return all;
}

Value privileged_document() {
  return {
      {"process",
       {{"capabilities", {{"bounding", all_capabilities()}, {"effective", all_capabilities()}}},
        {"apparmorProfile", "unconfined"}}},
      {"mounts", {{{"destination", "/sys"}, {"type", "sysfs"}, {"source", "sysfs"}, {"options", {"nosuid", "rw"}}}}},
      {"linux",
       {{"devices", {{{"path", "/dev/sda"}, {"type", "b"}, {"major", 8}, {"minor", 0}}}},
        {"resources", {{"devices", {{{"allow", true}, {"access", "rwm"}}}}}}}}};
}

TEST(RefusePrivileged, RefusesWhatDockersFlagDoes) {
  EXPECT_THAT(Bench().refusals(refuse_privileged, privileged_document()), ElementsAre("a privileged container"));
}

TEST(RefusePrivileged, KnowsItByThreeSigns) {
  const Bench bench;
  Value without_capabilities = privileged_document();
  without_capabilities["process"].erase("capabilities");
  EXPECT_THAT(bench.refusals(refuse_privileged, without_capabilities), SizeIs(1));
}

TEST(RefusePrivileged, KnowsItByAllCapabilitiesAndUnmaskedPaths) {
  const Value document = {{"process", {{"capabilities", {{"bounding", all_capabilities()}}}}},
                          {"linux", {{"seccomp", {{"defaultAction", "SCMP_ACT_ERRNO"}}}}}};
  EXPECT_THAT(Bench().refusals(refuse_privileged, document), SizeIs(1));
}

TEST(RefusePrivileged, LeavesASingleSignToItsOwnRule) {
  const Value ordinary = {
      {"linux", {{"seccomp", {{"defaultAction", "SCMP_ACT_ERRNO"}}}, {"maskedPaths", {"/proc/kcore"}}}}};
  for (const auto& [pointer, sign] : std::vector<std::pair<const char*, Value>>{
           {"/process/capabilities/bounding", all_capabilities()},
           {"/linux/seccomp", nullptr},
           {"/linux/maskedPaths", Value::array()},
           {"/linux/resources/devices", Value::array({{{"allow", true}, {"access", "rwm"}}})}}) {
    Value document = ordinary;
    oci::set(document, oci::Pointer(pointer), sign);
    EXPECT_THAT(Bench().refusals(refuse_privileged, document), IsEmpty()) << pointer;
  }
}

TEST(RefusePrivileged, MakesAnOrdinaryContainerOfItWhenItStrips) {
  Bench bench;
  bench.strips(RuleId::privileged);
  bench.baseline = seccomp::Template{.default_outcome = {.action = seccomp::Action::error, .data = 1},
                                     .architectures = {},
                                     .architecture_map = {},
                                     .flags = {},
                                     .rules = {}};
  const Value document = privileged_document();
  EXPECT_THAT(bench.refusals(refuse_privileged, document), IsEmpty());
  const Value after = bench.after(refuse_privileged, document);
  EXPECT_THAT(strings(after["process"]["capabilities"]["bounding"]), Not(Contains("CAP_SYS_ADMIN")));
  EXPECT_THAT(strings(after["process"]["capabilities"]["bounding"]), Contains("CAP_CHOWN"));
  EXPECT_FALSE(after["process"].contains("apparmorProfile"));
  EXPECT_EQ(after["linux"]["seccomp"]["defaultAction"], "SCMP_ACT_ERRNO");
  EXPECT_THAT(strings(after["linux"]["maskedPaths"]), Contains("/proc/kcore"));
  EXPECT_EQ(after["linux"]["resources"]["devices"][0], Value({{"allow", false}, {"access", "rwm"}}));
  EXPECT_FALSE(after["linux"].contains("devices"));
}

TEST(RefusePrivileged, KeepsPathsThatWereMaskedAlreadyWhenItStrips) {
  Bench bench;
  bench.strips(RuleId::privileged);
  Value document = privileged_document();
  document["linux"]["maskedPaths"] = Value::array({"/custom"});
  document["linux"]["readonlyPaths"] = Value::array({"/other"});
  const Value after = bench.after(refuse_privileged, document);
  EXPECT_THAT(strings(after["linux"]["maskedPaths"]), Contains("/custom"));
  EXPECT_THAT(strings(after["linux"]["readonlyPaths"]), Contains("/other"));
}

}  // namespace
}  // namespace runward::harden::steps

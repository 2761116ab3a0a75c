// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "shim/ctl/doctor/judges.h"
#include "shim/ctl/doctor/report.h"
#include "shim/policy/store.h"

namespace runward::ctl::doctor {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

auto line(Level level, const std::string& reason) {
  return AllOf(Field(&Line::level, level), Field(&Line::reason, HasSubstr(reason)));
}

const Promise kPromise{.no_new_privileges = true,
                       .seccomp = true,
                       .capabilities = oci::CapabilitySet{"CHOWN", "KILL"},
                       .namespaces = {"pid", "net"},
                       .no_engine_socket = true};

Seen hardened() {
  return {
      .no_new_privileges = true, .seccomp = true, .bounding = oci::CapabilitySet{"CHOWN"}, .host_namespaces = {"user"}};
}

Lines judged(Way way, Result<Outcome> outcome, const Promise& promise = kPromise) {
  Facts facts;
  facts.ways.tried = true;
  facts.ways.promise = promise;
  facts.ways.attempts = {{.way = way, .command = "docker run", .outcome = std::move(outcome)}};
  return judge_way(facts, way);
}

Outcome with(const Seen& seen) { return {.exit_code = 0, .errors = {}, .seen = seen, .limit = {}}; }
Outcome failed(const std::string& errors) { return {.exit_code = 125, .errors = errors, .seen = {}, .limit = {}}; }

TEST(DoctorWay, ThatGivesWhatIsPromisedIsClosed) {
  EXPECT_THAT(judged(Way::runtime_runc, with(hardened())), ElementsAre(line(Level::ok, "hardened container")));
}

TEST(DoctorWay, ThatGivesLessIsOpenAndSaysByWhat) {
  Seen seen = hardened();
  seen.no_new_privileges = false;
  EXPECT_THAT(judged(Way::exec, with(seen)), ElementsAre(line(Level::fail, "no_new_privs is not set")));
  seen = hardened();
  seen.seccomp = false;
  EXPECT_THAT(judged(Way::ctr, with(seen)), ElementsAre(line(Level::fail, "no seccomp filter")));
  seen = hardened();
  seen.bounding = oci::CapabilitySet{"CHOWN", "SYS_ADMIN"};
  EXPECT_THAT(judged(Way::exec, with(seen)), ElementsAre(line(Level::fail, "CAP_SYS_ADMIN beyond the profile")));
  seen = hardened();
  seen.host_namespaces = {"pid"};
  EXPECT_THAT(judged(Way::host_namespaces, with(seen)), ElementsAre(line(Level::fail, "the host's pid namespace")));
  seen = hardened();
  seen.engine_socket = true;
  EXPECT_THAT(judged(Way::engine_socket, with(seen)), ElementsAre(line(Level::fail, "the engine's socket")));
}

TEST(DoctorWay, ThatRunwardRefusesIsClosedByThatRule) {
  const Outcome refused = failed(
      "docker: Error response from daemon: failed to create shim task: OCI runtime create failed: runward: a "
      "privileged "
      "container is refused by profile 'default' (rule privileged): drop --privileged: unknown.");
  EXPECT_THAT(judged(Way::privileged, refused), ElementsAre(line(Level::ok, "(rule privileged)")));
  EXPECT_THAT(judged(Way::through_runward, refused), ElementsAre(line(Level::warning, "even an ordinary container")));
}

TEST(DoctorWay, ThatTheEngineDoesNotHaveIsClosed) {
  EXPECT_THAT(judged(Way::runtime_shim, failed("docker: Error: unknown or invalid runtime name: io.containerd.x.")),
              ElementsAre(line(Level::ok, "no such runtime")));
}

TEST(DoctorWay, ThatFailsOtherwiseProvesNothing) {
  EXPECT_THAT(judged(Way::exec_privileged, failed("OCI runtime exec failed:\r\n operation not permitted: unknown\r\n")),
              ElementsAre(line(Level::warning, "OCI runtime exec failed: operation not permitted: unknown")));
  EXPECT_THAT(judged(Way::exec, make_error(ErrorKind::io, "'docker' did not end in time")),
              ElementsAre(line(Level::warning, "did not end in time")));
}

TEST(DoctorWay, CannotBeMeasuredWhereNothingIsEnforced) {
  EXPECT_THAT(judged(Way::runtime_runc, with(Seen()), Promise()),
              ElementsAre(line(Level::warning, "no rule is enforced")));
}

Outcome limit(const std::string& value) {
  return {.exit_code = 0,
          .errors = {},
          .seen = {},
          .limit = LimitSeen{.file = "pids limit", .value = value, .ceiling = 4096}};
}

TEST(DoctorUpdate, IsMeasuredByTheLimitAfterwards) {
  EXPECT_THAT(judged(Way::update, limit("4096")), ElementsAre(line(Level::ok, "within the ceiling")));
  EXPECT_THAT(judged(Way::update, limit("8192")), ElementsAre(line(Level::fail, "above the ceiling of 4096")));
  EXPECT_THAT(judged(Way::update, limit("max")), ElementsAre(line(Level::fail, "to max")));
  EXPECT_THAT(judged(Way::update, limit("")), ElementsAre(line(Level::warning, "unreadable")));
}

TEST(DoctorWays, AreCountedInOneLine) {
  Facts facts;
  EXPECT_THAT(judge_ways(facts), ElementsAre(line(Level::info, "not tried")));
  facts.ways.tried = true;
  facts.ways.promise = kPromise;
  facts.ways.attempts = {{.way = Way::exec, .command = "docker exec", .outcome = with(Seen())},
                         {.way = Way::ctr, .command = "ctr run", .outcome = with(hardened())}};
  EXPECT_THAT(judge_ways(facts), ElementsAre(line(Level::fail, "1 of 2 tried are open")));
  facts.ways.problem = "there is no Docker on this host";
  EXPECT_THAT(judge_ways(facts), ElementsAre(line(Level::warning, "no Docker")));
}

const std::map<std::string, std::string> kHost = {{"pid", "pid:[1]"}, {"net", "net:[2]"}};

TEST(Report, IsReadAsTheKernelWritesIt) {
  const auto seen = parse_report(
      "Name:\tcat\nCapBnd:\t0000000000000021\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n"
      "namespace pid pid:[1]\nnamespace net net:[77]\nengine-socket\nend-of-report\n",
      kHost);
  ASSERT_TRUE(seen);
  EXPECT_TRUE(seen->no_new_privileges);
  EXPECT_TRUE(seen->seccomp);
  EXPECT_EQ(seen->bounding, (oci::CapabilitySet{"CHOWN", "KILL"}));
  EXPECT_THAT(seen->host_namespaces, ElementsAre("pid"));
  EXPECT_TRUE(seen->engine_socket);
}

TEST(Report, ThatIsNotWholeIsNone) {
  EXPECT_EQ(parse_report("", kHost).has_value(), false);
  EXPECT_EQ(parse_report("NoNewPrivs:\t1\n", kHost).has_value(), false);
}

TEST(Promise, IsWhatTheProfileEnforces) {
  const auto policy = policy::load_policy("/nonexistent", "default", policy::Config());
  ASSERT_TRUE(policy);
  const Promise promise = promise_of(*policy);
  EXPECT_TRUE(promise.no_new_privileges && promise.seccomp && promise.no_engine_socket);
  ASSERT_TRUE(promise.capabilities);
  EXPECT_FALSE(promise.capabilities->has(*oci::parse_capability("NET_RAW")));
  EXPECT_THAT(promise.namespaces, testing::UnorderedElementsAre("pid", "net", "ipc", "uts", "mnt"));
}

TEST(Promise, IsEmptyOfAnAuditedHost) {
  policy::Config config;
  config.mode = policy::Mode::audit;
  const auto policy = policy::load_policy("/nonexistent", "default", config);
  ASSERT_TRUE(policy);
  EXPECT_TRUE(promise_of(*policy).empty());
}

}  // namespace
}  // namespace runward::ctl::doctor

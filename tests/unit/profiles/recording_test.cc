// SPDX-License-Identifier: Apache-2.0
#include "profiles/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "shim/oci/parse.h"

namespace runward::profiles {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string read(const std::string& path) {
  std::ifstream file(std::string(RUNWARD_SOURCE_DIR) + "/" + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string example() { return read("tests/unit/profiles/example.recording.json"); }

std::string error_of(const std::string& text) {
  const auto recording = parse_recording(text, "web.json");
  return recording ? "it was read" : recording.error().message;
}

std::string with(const std::string& old_text, const std::string& new_text) {
  std::string text = example();
  const std::size_t at = text.find(old_text);
  EXPECT_NE(at, std::string::npos) << old_text;
  return text.replace(at, old_text.size(), new_text);
}

TEST(Recording, ReadsEveryMember) {
  const auto recording = parse_recording(example(), "web.json");
  ASSERT_TRUE(recording) << recording.error().message;
  EXPECT_EQ(recording->name, "web");
  EXPECT_EQ(recording->image, "nginx:1.27");
  EXPECT_THAT(recording->command, ElementsAre("nginx", "-g", "daemon off;"));
  EXPECT_EQ(recording->host, (Host{"6.12.48", "x86_64", "runc", "1.1.15"}));
  EXPECT_EQ(recording->started, "2026-11-25T10:00:00Z");
  EXPECT_EQ(recording->milliseconds, 61'234U);
  EXPECT_EQ(recording->mechanisms, (Mechanisms{"ebpf", "fanotify", "ebpf"}));
  EXPECT_EQ(recording->lost, (Lost{.calls = 0, .arguments = 2, .files = 3, .capabilities = 4, .processes = 5}));
  EXPECT_FALSE(recording->complete);
  EXPECT_THAT(recording->gaps, ElementsAre("3 events of files were lost"));
  EXPECT_EQ(recording->ports, (std::set<Port>{{"tcp", 80}, {"udp", 443}}));
  EXPECT_EQ(recording->peaks,
            (Peaks{.memory = 1048576, .page_cache = 4096, .pids = 3, .cpu = 1500, .cpu_time = 2'000'000}));
  EXPECT_EQ(recording->users, (std::set<User>{{0, 0}, {33, 33}}));
  EXPECT_EQ(recording->upper, (Upper{.created = {"/run/nginx.pid"}, .written = {"/etc/a"}, .deleted = {"/etc/b"}}));
}

TEST(Recording, ReadsCallsByPhaseAndArchitecture) {
  const auto recording = parse_recording(example(), "web.json");
  ASSERT_TRUE(recording) << recording.error().message;
  const Calls& calls = recording->calls.at(Phase::application).at("x86_64");
  EXPECT_EQ(calls.at("socket"), (Call{.count = 3,
                                      .executables = {{"/usr/sbin/nginx", 2}, {"[worker]", 1}},
                                      .arguments = {{{1, 1, 0}, 1}, {{2, 1, 6}, 2}}}));
  EXPECT_EQ(recording->calls.at(Phase::exec).at("x86").at("#999").count, 1U);
  EXPECT_EQ(recording->capabilities.at(Phase::application).at("CAP_NET_BIND_SERVICE"),
            (Use{.count = 1, .executables = {{"/usr/sbin/nginx", 1}}}));
}

TEST(Recording, ReadsFilesWithAnyName) {
  const auto recording = parse_recording(example(), "web.json");
  ASSERT_TRUE(recording) << recording.error().message;
  EXPECT_EQ(recording->files.at("/etc/passwd"),
            (FileUse{.read = true, .count = 2, .executables = {{"/usr/sbin/nginx", 2}}}));
  EXPECT_TRUE(recording->files.at("/tmp/a\nb\xff").write);
  EXPECT_TRUE(recording->files.at("/").directory);
}

// One text for one recording, and the example is that text: what is printed is what a person saw in a diff.
TEST(Recording, IsPrintedAsItWasRead) {
  const auto recording = parse_recording(example(), "web.json");
  ASSERT_TRUE(recording) << recording.error().message;
  EXPECT_EQ(print_recording(*recording), example());
}

TEST(Recording, AnEmptyOneCanBeReadAgain) {
  Recording recording;
  recording.host.architecture = "x86_64";
  const auto again = parse_recording(print_recording(recording), "empty.json");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, recording);
}

TEST(Recording, SaysWhereAnUnknownKeyStands) {
  EXPECT_EQ(error_of(with(R"("started")", R"("startd")")), "web.json:1:1: \"started\" is missing");
  EXPECT_THAT(error_of(with(R"("pids": 3)", R"("pid": 3)")), StartsWith("web.json:"));
  EXPECT_THAT(error_of(with(R"("pids": 3)", R"("pid": 3)")), HasSubstr("peaks.pid: unknown key \"pid\"; did you mean"));
}

TEST(Recording, RefusesWhatNoRecorderWrites) {
  struct Case {
    std::string old_text, new_text, message;
  };
  for (const Case& wrong : {
           Case{R"("version": 1)", R"("version": 2)", "expected a whole number from 1 to 1"},
           Case{R"("x86_64": {)", R"("amd64": {)", "unknown architecture"},
           Case{R"("application": {)", R"("app": {)", "unknown phase"},
           Case{R"("socket": {)", R"("so ket": {)", "expected the name of a system call"},
           Case{R"("CAP_NET_BIND_SERVICE")", R"("NET_BIND_SERVICE")", "expected a capability"},
           Case{R"("/etc/passwd")", R"("etc/passwd")", "expected an absolute path"},
           Case{R"("/etc/passwd")", R"("/etc/../passwd")", "expected an absolute path"},
           Case{R"("/run/nginx.pid")", R"("/run//nginx.pid")", "expected an absolute path"},
           Case{R"("[worker]")", R"("worker")", "a name in brackets"},
           Case{R"(\\xff")", R"(\\xfg")", "for backslashes and control characters"},
           Case{R"("/etc/passwd")", R"("/etc\\x2fpasswd")", "and for nothing else"},
           Case{R"("port": 80)", R"("port": 65536)", "expected a whole number from 1 to 65535"},
           Case{R"("protocol": "tcp")", R"("protocol": "tcpp")", "did you mean \"tcp\""},
           Case{R"([1, 1, 0])", R"([])", "expected one to six numbers"},
           Case{R"([1, 1, 0])", R"([2, 1, 6])", "the same values are there twice"},
           Case{R"("count": 3)", R"("count": -3)", "expected a whole number"},
           Case{R"("calls": "ebpf")", R"("calls": "strace")", "unknown word"},
       })
    EXPECT_THAT(error_of(with(wrong.old_text, wrong.new_text)), HasSubstr(wrong.message)) << wrong.new_text;
}

TEST(Recording, RefusesWhatIsNoObject) {
  for (const std::string text : {"", "[]", "null", "1", "{} {}"}) EXPECT_THAT(error_of(text), StartsWith("web.json:"));
}

// --- the schema -------------------------------------------------------------------------------

void collect_keys(const oci::Value& schema, std::set<std::string>& keys) {
  if (schema.is_object() && schema.contains("properties"))
    for (const auto& [key, value] : schema.at("properties").items()) keys.insert(key);
  if (!schema.is_structured()) return;
  for (const oci::Value& part : schema) collect_keys(part, keys);
}

void collect_members(const oci::Value& value, std::set<std::string>& keys) {
  static const std::set<std::string> kNamesOfThings = {"executables", "calls", "capabilities", "files"};
  if (value.is_array())
    for (const oci::Value& item : value) collect_members(item, keys);
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) {
    keys.insert(key);
    if (!kNamesOfThings.contains(key) || !member.is_object()) collect_members(member, keys);
  }
}

// The keys that the example has (and it has all, see above) are those of the schema.
TEST(Recording, SchemaHasTheKeysOfTheFile) {
  const auto schema = oci::parse(read("profiles/schema/recording.schema.json"), "schema");
  ASSERT_TRUE(schema) << schema.error().message;
  const auto json = oci::parse(example(), "example");
  ASSERT_TRUE(json) << json.error().message;
  std::set<std::string> in_schema;
  collect_keys(*schema, in_schema);
  std::set<std::string> in_file;
  collect_members(*json, in_file);
  for (const auto& part : json->at("calls").at("application").at("x86_64")) collect_members(part, in_file);
  for (const auto& part : json->at("files")) collect_members(part, in_file);
  for (const std::string_view phase : kPhaseNames) in_schema.erase(std::string(phase));
  EXPECT_EQ(in_schema, in_file);
}

}  // namespace
}  // namespace runward::profiles

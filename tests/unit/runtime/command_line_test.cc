// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace runward::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Argv = std::vector<std::string>;

Argv call(std::initializer_list<const char*> arguments) {
  Argv argv{"/usr/bin/runward"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

Invocation parsed(const Argv& argv) {
  auto result = parse_command_line(argv);
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  return result ? *std::move(result) : Invocation{};
}

std::string refusal(const Argv& argv) {
  const auto result = parse_command_line(argv);
  if (result) return "(accepted)";
  EXPECT_EQ(result.error().kind, ErrorKind::usage);
  return result.error().message;
}

TEST(CommandLine, ReadsCreateAsContainerdSendsIt) {
  const auto create = parsed(
      call({"--root", "/var/run/docker/runtime-runc/moby", "--log", "/run/b/log.json", "--log-format", "json",
            "--systemd-cgroup", "create", "--bundle", "/run/b", "--pid-file", "/run/b/init.pid", "--console-socket",
            "/tmp/pty.sock", "--no-pivot", "--no-new-keyring", "--preserve-fds", "3", "0123abcdef"}));
  EXPECT_EQ(create.command, Command::create);
  EXPECT_EQ(create.command_name, "create");
  EXPECT_EQ(create.root, "/var/run/docker/runtime-runc/moby");
  EXPECT_EQ(create.log.path, "/run/b/log.json");
  EXPECT_EQ(create.log.format, LogFormat::json);
  EXPECT_TRUE(create.systemd_cgroup);
  EXPECT_EQ(create.bundle, "/run/b");
  EXPECT_EQ(create.pid_file, "/run/b/init.pid");
  EXPECT_EQ(create.console_socket, "/tmp/pty.sock");
  EXPECT_EQ(create.preserve_fds, 3U);
  EXPECT_TRUE(create.no_pivot);
  EXPECT_TRUE(create.no_new_keyring);
  EXPECT_EQ(create.container_id, "0123abcdef");
  EXPECT_EQ(create.first_argument_index, 19U);
}

TEST(CommandLine, ReadsRestoreWithGoRuncsSingleDash) {
  const auto restore = parsed(call({"--root", "/r", "restore", "--image-path", "/i", "--work-path", "/w", "--detach",
                                    "--pid-file", "/p", "-no-subreaper", "--bundle", "/b", "id"}));
  EXPECT_EQ(restore.command, Command::restore);
  EXPECT_TRUE(restore.no_subreaper);
  EXPECT_TRUE(restore.detach);
  EXPECT_EQ(restore.bundle, "/b");
  EXPECT_EQ(option_value(restore, "image-path"), "/i");
}

TEST(CommandLine, ReadsRunAsBuildKitSendsIt) {
  const auto run = parsed(call({"--log", "/l", "--log-format", "json", "run", "--bundle", "/b", "--keep", "id"}));
  EXPECT_EQ(run.command, Command::run);
  EXPECT_TRUE(run.keep);
  EXPECT_FALSE(run.detach);
}

TEST(CommandLine, ReadsCreateAsConmonSendsIt) {
  const auto create = parsed(call({"--root=/run/runc", "create", "--bundle", "/b", "--pid-file", "/p", "id"}));
  EXPECT_EQ(create.root, "/run/runc");
  EXPECT_EQ(create.bundle, "/b");
}

TEST(CommandLine, KeepsTheFlagsOfAnExecWithTheirPlaces) {
  const auto exec = parsed(call({"--root", "/r", "exec", "--process", "/tmp/runc-process1", "--detach", "--cap=CAP_A",
                                 "-cap", "CAP_B", "--pid-file", "/p", "id"}));
  EXPECT_EQ(exec.command, Command::exec);
  EXPECT_EQ(exec.container_id, "id");
  EXPECT_EQ(option_value(exec, "process"), "/tmp/runc-process1");
  EXPECT_THAT(option_values(exec, "cap"), ElementsAre("CAP_A", "CAP_B"));
  ASSERT_EQ(exec.options.size(), 5U);
  EXPECT_EQ(exec.options[0].option->name, "process");
  EXPECT_EQ(exec.options[0].argv_index, 4U);
  EXPECT_TRUE(exec.options[0].value_is_separate);
  EXPECT_EQ(exec.options[2].argv_index, 7U);
  EXPECT_FALSE(exec.options[2].value_is_separate);
}

TEST(CommandLine, LeavesTheOptionsOfTheExecutedCommandAlone) {
  const auto exec = parsed(call({"exec", "--tty", "id", "ls", "--cap", "x"}));
  EXPECT_THAT(exec.arguments, ElementsAre("id", "ls", "--cap", "x"));
  EXPECT_THAT(option_values(exec, "cap"), IsEmpty());
}

TEST(CommandLine, ReadsUpdateFromStandardInput) {
  EXPECT_EQ(option_value(parsed(call({"update", "--resources=-", "id"})), "resources"), "-");
  const auto cri_o = parsed(call({"update", "--resources", "-", "id"}));
  EXPECT_EQ(option_value(cri_o, "resources"), "-");
  EXPECT_EQ(cri_o.container_id, "id");
  EXPECT_EQ(option_value(parsed(call({"update", "--memory-swap", "-1", "id"})), "memory-swap"), "-1");
}

struct Named {
  Argv argv;
  Command command;
};

TEST(CommandLine, KnowsEveryCommand) {
  const std::vector<Named> calls = {
      {{}, Command::none},
      {call({}), Command::none},
      {call({"--debug"}), Command::none},
      {call({"--"}), Command::none},
      {call({"--version"}), Command::version},
      {call({"-v"}), Command::version},
      {call({"--version", "create"}), Command::version},
      {call({"--help"}), Command::help},
      {call({"-h", "-v"}), Command::help},
      {call({"help"}), Command::help},
      {call({"h"}), Command::help},
      {call({"create", "--help"}), Command::help},
      {call({"run", "-h"}), Command::help},
      {call({"create", "--help=false", "id"}), Command::create},
      {call({"--", "create", "id"}), Command::create},
      {call({"--root", "/r", "start", "id"}), Command::start},
      {call({"state", "id"}), Command::state},
      {call({"pause", "id"}), Command::pause},
      {call({"resume", "id"}), Command::resume},
      {call({"kill", "--all", "id", "9"}), Command::kill},
      {call({"delete", "--force", "id"}), Command::remove},
      {call({"list", "-q"}), Command::list},
      {call({"ps", "--format", "json", "id"}), Command::ps},
      {call({"events", "--stats", "id"}), Command::events},
      {call({"checkpoint", "--image-path", "/i", "--work-path", "/w", "id"}), Command::checkpoint},
      {call({"spec", "--rootless"}), Command::spec},
      {call({"features"}), Command::features},
      {call({"init"}), Command::init},
      {call({"mounts", "add"}), Command::unknown},
      {call({"Create", "id"}), Command::unknown},
      {call({"", "id"}), Command::unknown},
  };
  for (const auto& [argv, command] : calls) EXPECT_EQ(parsed(argv).command, command) << ::testing::PrintToString(argv);
}

TEST(CommandLine, GovernsWhatARuleHasSomethingToSayTo) {
  const std::set<std::string_view> governed = {"create", "run", "restore", "exec", "update", "checkpoint"};
  for (const CommandGrammar& grammar : commands())
    EXPECT_EQ(is_governed(grammar.command), governed.contains(grammar.name)) << grammar.name;
  EXPECT_FALSE(is_governed(Command::none));
  EXPECT_FALSE(is_governed(Command::unknown));
}

TEST(CommandLine, ReadsTheBundleInEverySpelling) {
  for (const Argv& argv :
       {call({"create", "--bundle", "/b", "id"}), call({"create", "-bundle", "/b", "id"}),
        call({"create", "--bundle=/b", "id"}), call({"create", "-bundle=/b", "id"}), call({"create", "-b", "/b", "id"}),
        call({"create", "--b", "/b", "id"}), call({"create", "-b=/b", "id"}), call({"create", "--b=/b", "--", "id"}),
        call({"create", "-b", "/a", "-b", "/b", "id"})})
    EXPECT_EQ(parsed(argv).bundle, "/b") << ::testing::PrintToString(argv);
}

TEST(CommandLine, TakesTheWorkingDirectoryForAnAbsentOrEmptyBundle) {
  EXPECT_EQ(parsed(call({"create", "id"})).bundle, ".");
  EXPECT_EQ(parsed(call({"create", "--bundle=", "id"})).bundle, ".");
}

TEST(CommandLine, SplitsAValueAtTheFirstEqualsSignOnly) {
  EXPECT_EQ(parsed(call({"create", "--bundle=/a=b", "id"})).bundle, "/a=b");
}

TEST(CommandLine, ReadsBooleansAsGoDoes) {
  for (const char* text : {"--no-pivot", "--no-pivot=1", "--no-pivot=t", "--no-pivot=T", "--no-pivot=true",
                           "--no-pivot=TRUE", "--no-pivot=True", "-no-pivot"})
    EXPECT_TRUE(parsed(call({"create", text, "id"})).no_pivot) << text;
  for (const char* text : {"--no-pivot=0", "--no-pivot=f", "--no-pivot=F", "--no-pivot=false", "--no-pivot=False"})
    EXPECT_FALSE(parsed(call({"create", text, "id"})).no_pivot) << text;
}

struct Refused {
  Argv argv;
  const char* because;
};

TEST(CommandLine, RefusesAGovernedCallItCannotReadWithoutDoubt) {
  const std::vector<Refused> calls = {
      {call({"create"}), "'create' needs a container id"},
      {call({"run", "--bundle", "/b"}), "'run' needs a container id"},
      {call({"create", "--bundle"}), "option '--bundle' needs a value"},
      {call({"create", "a", "b"}), "takes one container id, and got 'b'"},
      {call({"create", "a", "--bundle", "/b"}), "'--bundle' comes after the container id"},
      {call({"create", "--bogus", "id"}), "unknown option '--bogus'"},
      {call({"create", "--config", "other.json", "id"}), "unknown option '--config'"},
      {call({"create", "--bund", "/b", "id"}), "unknown option '--bund'"},
      {call({"create", "---bundle=/b", "id"}), "unknown option '---bundle=/b'"},
      {call({"create", "--=x", "id"}), "unknown option '--=x'"},
      {call({"create", "-b/b", "id"}), "unknown option '-b/b'"},
      {call({"create", "--no-pivot=maybe", "id"}), "'--no-pivot=maybe' needs 'true' or 'false'"},
      {call({"create", "--no-pivot", "true", "id"}), "got 'id' after it"},
      {call({"create", "-b", "/a", "--bundle", "/b", "id"}), "'--bundle' is given in two forms"},
      {call({"create", "--bundle", "-", "id"}), "the value '-' looks like an option: write '--bundle=-'"},
      {call({"create", "--pid-file", "-", "--help"}), "the value '-' looks like an option"},
      {call({"create", "--pid-file", "--bundle", "/evil"}), "the value '--bundle' looks like an option"},
      {call({"create", "--preserve-fds", "0x1", "id"}), "'--preserve-fds' needs a number, not '0x1'"},
      {call({"create", "--preserve-fds=-1", "id"}), "'--preserve-fds' needs a number, not '-1'"},
      {call({"create", "--preserve-fds=", "id"}), "'--preserve-fds' needs a number, not ''"},
      {call({"create", "--preserve-fds=99999999999", "id"}), "needs a number"},
      {call({"create", "../id"}), "container id '../id' is invalid"},
      {call({"create", ""}), "container id '' is invalid"},
      {call({"--debug=maybe", "create", "id"}), "'--debug=maybe' needs 'true' or 'false'"},
      {call({"--bogus", "create", "id"}), "unknown option '--bogus'"},
      {call({"--new-option", "value", "create", "id"}), "unknown option '--new-option'"},
      {call({"--new-option", "--log", "create", "id"}), "unknown option '--new-option'"},
      {call({"restore", "--keep", "id"}), "unknown option '--keep'"},
      {call({"exec", "--preserve-fds", "x", "id"}), "needs a number"},
      {call({"exec", "--new-flag", "id", "sh"}), "unknown option '--new-flag'"},
      {call({"exec", "--cap=A", "-c", "B", "id", "sh"}), "two forms"},
      {call({"exec", "../id", "sh"}), "container id"},
      {call({"exec"}), "needs a container id"},
      {call({"update", "--memory", "1g"}), "needs a container id"},
      {call({"update", "--memory", "1g", "id", "--pids-limit=-1"}), "comes after the container id"},
      {call({"checkpoint", "--bogus", "id"}), "unknown option '--bogus'"},
  };
  for (const auto& [argv, because] : calls)
    EXPECT_THAT(refusal(argv), HasSubstr(because)) << ::testing::PrintToString(argv);
}

TEST(CommandLine, LetsTheLowLevelRuntimeAnswerForUngovernedCalls) {
  for (const Argv& argv : {call({"state"}), call({"state", "--bogus", "id"}), call({"kill", "../id", "KILL"}),
                           call({"--bogus", "state"}), call({"--root"}), call({"--debug=maybe", "state", "id"}),
                           call({"delete", "-f", "--force", "id"}), call({"--log-level", "debug", "state", "id"})})
    EXPECT_TRUE(parse_command_line(argv)) << ::testing::PrintToString(argv);
}

TEST(CommandLine, IsNotMisledByTheValueOfACrunOption) {
  EXPECT_EQ(parsed(call({"--log-level", "debug", "create", "id"})).command, Command::create);
  EXPECT_EQ(parsed(call({"--cgroup-manager", "cgroupfs", "create", "id"})).command, Command::create);
}

TEST(CommandLine, FindsTheLogFileOfACallThatItRefuses) {
  for (const Argv& argv : {call({"--log", "/l", "--log-format", "json", "create", "--bogus"}),
                           call({"--bogus", "--log=/l", "-log-format=json", "create"}),
                           call({"--log", "/x", "--log-format=text", "--log", "/l", "--log-format", "json"}),
                           call({"--debug=maybe", "--log", "/l", "--log-format", "json", "run", "a", "b"})}) {
    const LogTarget log = find_log(argv);
    EXPECT_EQ(log.path, "/l") << ::testing::PrintToString(argv);
    EXPECT_EQ(log.format, LogFormat::json) << ::testing::PrintToString(argv);
  }
}

TEST(CommandLine, TakesNoOptionOfTheCommandForTheLogFile) {
  EXPECT_EQ(find_log(call({"exec", "id", "tool", "--log", "/x"})).path, "");
  EXPECT_EQ(find_log(call({"--", "--log", "/x"})).path, "");
  EXPECT_EQ(find_log({}).path, "");
  EXPECT_EQ(find_log(call({"--log", "/l"})).format, LogFormat::text);
}

TEST(ContainerId, FollowsRuncsRule) {
  for (const char* id : {"a", "A9", "_x", "a+b", "a,b", "a-b", "a.b", "...", "-x", "0123456789abcdef"})
    EXPECT_TRUE(is_valid_container_id(id)) << id;
  for (const char* id : {"", ".", "..", "a/b", "../a", "a b", "a\nb", "\xC3\xA9", "a:b", "a\\b", "~"})
    EXPECT_FALSE(is_valid_container_id(id)) << id;
  EXPECT_TRUE(is_valid_container_id(std::string(240, 'a')));
  EXPECT_FALSE(is_valid_container_id(std::string(241, 'a')));
}

}  // namespace
}  // namespace runward::runtime

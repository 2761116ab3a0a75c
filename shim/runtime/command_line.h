// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an engine asked for, read from the command line as runc reads it.
//
//   const LogTarget log = find_log(argv);  // first: a refusal of anything that follows is reported there
//   SHIM_TRY(const Invocation call, parse_command_line(argv));
//   if (!is_governed(call.command)) return exec_low_level(runc, argv);
//
// The grammar is Go's flag package as urfave/cli v1 uses it: `-x v`, `--x v`, `--x=v`, long names with one dash, `--`
// ends the options, a boolean takes a value only after '='. Where runc and crun, or two versions of urfave/cli, read
// one call differently (an option after the container id, a separate value that begins with '-'), a governed call is
// refused: we must not harden one bundle while the low-level runtime starts another. No engine calls us that way.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shim/base/result.h"
#include "shim/runtime/grammar.h"
#include "shim/runtime/log_file.h"

namespace runward::runtime {

struct GivenOption {
  const Option* option = nullptr;  // a row of grammar.cc, never null
  std::string value;               // of a boolean: "true" or "false"
  std::size_t argv_index = 0;      // of the element with the dashes; a separate value is the element after it
  bool by_alias = false;
  bool value_is_separate = false;
};

struct Invocation {
  Command command = Command::none;
  std::string command_name;       // as it was given
  std::size_t command_index = 0;  // in argv

  LogTarget log;
  std::string root;  // empty: the low-level runtime's default
  bool debug = false;
  bool systemd_cgroup = false;

  std::string bundle = ".";  // as runc: where the engine put us
  std::string container_id;  // valid on a governed command; elsewhere the first argument, as it came
  std::string pid_file;
  std::string console_socket;
  unsigned preserve_fds = 0;
  bool no_pivot = false;
  bool no_new_keyring = false;
  bool no_subreaper = false;
  bool detach = false;
  bool keep = false;

  std::vector<GivenOption> options;      // the command's own, in order, repeated ones too
  std::vector<std::string> arguments;    // positional, the container id included
  std::size_t first_argument_index = 0;  // of arguments[0] in argv; argv.size() when there is none
};

// `argv` with the program's name. On a governed command every doubt is an Error of kind usage; on any other one what
// can be read is read, for the low-level runtime answers for the rest.
Result<Invocation> parse_command_line(std::span<const std::string> argv);

// The global --log and --log-format of any command line, broken ones too.
LogTarget find_log(std::span<const std::string> argv);

// The last value of a command's option by its long name; absent when it was not given.
std::optional<std::string_view> option_value(const Invocation& call, std::string_view name);

// Every value of an option that may be repeated (`--env`, `--cap`), in order.
std::vector<std::string_view> option_values(const Invocation& call, std::string_view name);

// runc's validateID (libcontainer/factory_linux.go): [A-Za-z0-9_+,.-]+ but not "." or "..". We also bound the length,
// since the id becomes the name of a file.
bool is_valid_container_id(std::string_view id);

}  // namespace runward::runtime

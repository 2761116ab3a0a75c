// SPDX-License-Identifier: Apache-2.0
#pragma once

// runc's commands and options as one table. The parser, the tests and the fuzzer all read it.
//
//   const CommandGrammar* create = find_command("create");
//   const Option* bundle = find_option(create->options, "b");
//
// To add an option of a newer runc: 1. a row in the command's array in grammar.cc, with `since`; 2. when a rule needs
// its value, a field in Invocation and a row in command_line.cc. Nothing else: what is in no row is refused on a
// governed command.
//
// Sources: `runc CMD --help` of 1.1.5, 1.1.15 and 1.3.6 (runc's main.go, create.go, exec.go, …), crun(1) of 1.21.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace runward::runtime {

enum class Command : std::uint8_t {
  none,     // a bare call
  version,  // the global --version, whatever follows it
  help,     // `help`, the global --help, or `CMD --help`
  unknown,  // a command that is in no row: runc's or crun's business
  create,
  run,
  restore,
  exec,
  update,
  start,
  state,
  kill,
  remove,  // "delete", which C++ keeps for itself
  list,
  ps,
  pause,
  resume,
  events,
  checkpoint,
  spec,
  features,
  init,
};

enum class Takes : bool { nothing, value };

struct Option {
  std::string_view name;
  std::string_view alias = {};
  Takes takes = Takes::nothing;
  std::string_view since = {};  // "1.2": not in every runc we support; "crun": only there
};

inline constexpr std::size_t kAnyNumber = std::numeric_limits<std::size_t>::max();

struct CommandGrammar {
  Command command = Command::unknown;
  std::string_view name;
  std::string_view alias = {};
  std::span<const Option> options = {};
  std::size_t min_arguments = 0;
  std::size_t max_arguments = kAnyNumber;
};

std::span<const Option> global_options();
std::span<const CommandGrammar> commands();

const CommandGrammar* find_command(std::string_view name);

// By name or alias, without dashes; `help` is an option of every command.
const Option* find_option(std::span<const Option> options, std::string_view name);

// A call with a Process or LinuxResources document: the low-level runtime gets a new command line.
constexpr bool is_rewritten(Command command) { return command == Command::exec || command == Command::update; }

// Whether a rule has something to say to the call. Every other one goes to the low-level runtime byte for byte.
constexpr bool is_governed(Command command) {
  return command == Command::create || command == Command::run || command == Command::restore ||
         command == Command::checkpoint || is_rewritten(command);
}

}  // namespace runward::runtime

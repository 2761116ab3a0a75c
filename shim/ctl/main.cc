// SPDX-License-Identifier: Apache-2.0

// runwardctl: for people, what runward decides and why. See runwardctl(8).

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "runward_build_info.h"
#include "shim/ctl/command.h"
#include "shim/ctl/options.h"
#include "shim/ctl/table.h"

namespace runward::ctl {
namespace {

Result<int> run(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return make_error(ErrorKind::usage, "a command is missing");
  if (arguments[0] == "--help" || arguments[0] == "help") {
    print(help_of_all());
    return kExitOk;
  }
  if (arguments[0] == "--version") {
    print(std::string("runwardctl version ") + build_info::kVersion + "\n");
    return kExitOk;
  }
  const bool has_two = arguments.size() > 1 && find_command(arguments[0] + " " + arguments[1]) != nullptr;
  const Command* const command = find_command(has_two ? arguments[0] + " " + arguments[1] : arguments[0]);
  if (command == nullptr) return make_error(ErrorKind::usage, "'" + printable(arguments[0]) + "' is no command");
  SHIM_TRY(const Given given, parse_options(*command, {arguments.begin() + (has_two ? 2 : 1), arguments.end()}));
  if (!given.has("help")) return command->run(given);
  print(help_of(*command));
  return kExitOk;
}

int finish(const Result<int>& result) {
  // A full disk behind a redirection is an error too.
  const bool printed = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (result && printed) return *result;
  const std::string message = result ? "the output could not be written" : result.error().message;
  complain(message);
  if (result || result.error().kind != ErrorKind::usage) return kExitProblem;
  complain("`runwardctl --help` lists commands and options");
  return kExitUsage;
}

}  // namespace
}  // namespace runward::ctl

int main(int argc, char** argv) {
  using namespace runward::ctl;
  try {
    return finish(run(std::vector<std::string>(argv + 1, argv + argc)));
  } catch (const std::exception& error) {
    complain(std::string("bug: ") + error.what());
  } catch (...) {
    complain("bug: unknown exception");
  }
  return kExitProblem;
}

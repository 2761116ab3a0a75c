// SPDX-License-Identifier: Apache-2.0
// Arbitrary command lines: the elements are the input's NUL-separated parts. What is accepted on a governed command
// must be fit for use: a valid id, a bundle, the log file that find_log() names, and places that point at what they
// say.
//   tests/fuzz/run.sh            builds it and runs it with the golden calls as seeds; then, for longer:
//   build/fuzz/command_line_fuzz -max_total_time=600 build/fuzz/corpus/command_line_fuzz

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "shim/runtime/command_line.h"

namespace {

using runward::runtime::Invocation;

void require(bool held) {
  if (!held) std::abort();
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> elements{"runward"};
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\0', from), text.size());
    elements.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return elements;
}

void check_places(const Invocation& call, const std::vector<std::string>& argv) {
  for (const auto& given : call.options) {
    require(given.option != nullptr && given.argv_index < argv.size());
    require(argv[given.argv_index].starts_with('-'));
    if (given.value_is_separate) require(argv[given.argv_index + 1] == given.value);
  }
  require(call.first_argument_index <= argv.size());
}

// The id comes first and at most what the command takes comes after it: exec, unlike create, takes a program.
void check_arguments(const Invocation& call, const std::vector<std::string>& argv) {
  require(call.first_argument_index + call.arguments.size() == argv.size());
  require(!call.arguments.empty() && call.arguments.front() == call.container_id);
  require(std::ranges::equal(call.arguments, std::span(argv).subspan(call.first_argument_index)));
  const auto* const grammar = runward::runtime::find_command(call.command_name);
  require(grammar != nullptr && call.arguments.size() <= grammar->max_arguments);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::string> argv = split(std::string(data, data + size));
  const auto log = runward::runtime::find_log(argv);
  const auto call = runward::runtime::parse_command_line(argv);
  if (!call) {
    require(call.error().kind == runward::ErrorKind::usage && !call.error().message.empty());
    return 0;
  }
  require(call->log.path == log.path && call->log.format == log.format);
  check_places(*call, argv);
  if (!runward::runtime::is_governed(call->command)) return 0;
  require(runward::runtime::is_valid_container_id(call->container_id) && !call->bundle.empty());
  check_arguments(*call, argv);
  return 0;
}

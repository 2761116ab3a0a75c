// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/options.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <sstream>

#include "shim/ctl/table.h"

namespace runward::ctl {
namespace {

namespace po = boost::program_options;
using Texts = std::vector<std::string>;

constexpr auto kArgument = "argument";  // hidden: the positional ones

po::options_description visible_options(const Command& command) {
  po::options_description options("options");
  for (const OptionRow& row : command.options) {
    const std::string name(row.name);
    const std::string help(row.help);
    if (row.value.empty()) {
      options.add_options()(name.c_str(), help.c_str());
    } else {
      // Boost takes the value semantic over.
      options.add_options()(name.c_str(), po::value<Texts>()->value_name(std::string(row.value)), help.c_str());
    }
  }
  options.add_options()("help", "print this");
  return options;
}

po::variables_map parse(const Command& command, const Texts& arguments) {
  po::options_description all = visible_options(command);
  po::positional_options_description positional;
  if (!command.argument.empty()) {
    all.add_options()(kArgument, po::value<Texts>());
    const auto blanks = std::count(command.argument.begin(), command.argument.end(), ' ');
    positional.add(kArgument, command.takes_many ? -1 : static_cast<int>(blanks) + 1);
  }
  namespace style = po::command_line_style;
  constexpr int kStyle = style::allow_long | style::long_allow_adjacent | style::long_allow_next;
  po::variables_map given;
  po::store(po::command_line_parser(arguments).options(all).positional(positional).style(kStyle).run(), given);
  return given;
}

Result<Given> to_given(const Command& command, const po::variables_map& parsed) {
  Given given;
  if (parsed.count("help") > 0) given.add("help", "");
  for (const OptionRow& row : command.options) {
    const std::string name(row.name);
    if (parsed.count(name) == 0) continue;
    const Texts values = row.value.empty() ? Texts{""} : parsed[name].as<Texts>();
    if (values.size() > 1 && !row.repeats) return make_error(ErrorKind::usage, "--" + name + " is given twice");
    for (const std::string& value : values) given.add(name, value);
  }
  if (parsed.count(kArgument) > 0)
    for (const std::string& value : parsed[kArgument].as<Texts>()) given.add_argument(value);
  return given;
}

}  // namespace

Result<Given> parse_options(const Command& command, const std::vector<std::string>& arguments) {
  try {
    return to_given(command, parse(command, arguments));
  } catch (const po::error& error) {
    return make_error(ErrorKind::usage, error.what());
  }
}

std::string help_of(const Command& command) {
  std::ostringstream text;
  text << "usage: runwardctl " << command.name << " [options]";
  if (!command.argument.empty()) text << " [" << command.argument << "]";
  text << "\n\n" << command.summary << "\n\n" << visible_options(command);
  return text.str();
}

std::string help_of_all() {
  Table table;
  for (const Command& command : commands())
    table.rows.push_back({"  " + std::string(command.name), std::string(command.summary)});
  return "usage: runwardctl COMMAND [options]\n\ncommands:\n" + render(table) +
         "\n`runwardctl COMMAND --help` lists a command's options; see runwardctl(8).\n";
}

}  // namespace runward::ctl

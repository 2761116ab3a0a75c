// SPDX-License-Identifier: Apache-2.0
#pragma once

// A command of runwardctl, of one word or two ("profile record"): a row of a table with its options, from which
// parsing, --help and the tests of man page and shell completion are made. To add a command: 1. its pair of files with
// a `constexpr Command`; 2. a row in commands.cc;
// 3. runwardctl.8 and completion/runwardctl.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shim/base/result.h"

namespace runward::ctl {

inline constexpr int kExitOk = 0;
inline constexpr int kExitProblem = 1;  // a refusal, or something that is wrong
inline constexpr int kExitUsage = 2;

struct OptionRow {
  std::string_view name;   // without the dashes
  std::string_view value;  // what it takes, "DIR"; empty: a flag
  std::string_view help;
  bool repeats = false;
};

// What was given on the command line; names that no row of the command has are bugs.
class Given {
 public:
  void add(const std::string& name, std::string value) { options_[name].push_back(std::move(value)); }
  void add_argument(std::string argument) { arguments_.push_back(std::move(argument)); }

  [[nodiscard]] bool has(const std::string& name) const { return options_.contains(name); }
  [[nodiscard]] std::optional<std::string> value(const std::string& name) const {
    const auto found = options_.find(name);
    return found == options_.end() ? std::nullopt : std::optional(found->second.back());
  }
  [[nodiscard]] std::vector<std::string> values(const std::string& name) const {
    const auto found = options_.find(name);
    return found == options_.end() ? std::vector<std::string>() : found->second;
  }
  [[nodiscard]] const std::vector<std::string>& arguments() const { return arguments_; }

 private:
  std::map<std::string, std::vector<std::string>> options_;
  std::vector<std::string> arguments_;
};

struct Command {
  std::string_view name;
  std::string_view summary;
  std::string_view argument;  // the positional arguments, "CONTAINER", "ACTION PROFILE"; empty: none
  std::span<const OptionRow> options;
  Result<int> (*run)(const Given& given);  // an exit code; an Error of kind usage ends with kExitUsage
  bool takes_many = false;                 // arguments in place of one
};

std::span<const Command> commands();
const Command* find_command(std::string_view name);

// The files of the host's configuration come from --config-dir, in every command that reads them.
inline constexpr OptionRow kConfigDirOption{"config-dir", "DIR", "read the configuration below DIR"};
inline constexpr OptionRow kProfileOption{"profile", "NAME", "with this hardening profile"};
inline constexpr OptionRow kJsonOption{"json", "", "print JSON"};
std::string config_dir(const Given& given);

}  // namespace runward::ctl

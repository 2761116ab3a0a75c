// SPDX-License-Identifier: Apache-2.0
#include "shim/runtime/command_line.h"

#include <algorithm>
#include <array>
#include <utility>

#include "shim/base/number.h"

namespace runward::runtime {
namespace {

constexpr std::size_t kMaxIdBytes = 240;  // NAME_MAX less room for a suffix

Error usage_error(std::string message) { return make_error(ErrorKind::usage, std::move(message)); }

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// Go's strconv.ParseBool.
std::optional<bool> parse_bool(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "false", "FALSE", "False"};
  if (std::ranges::find(kTrue, text) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, text) != kFalse.end()) return false;
  return std::nullopt;
}

// One element with dashes, taken apart: "--name=value".
struct Token {
  std::string_view name;  // empty: not of that form
  std::optional<std::string_view> value;
};

bool is_option(std::string_view element) { return element.size() > 1 && element.front() == '-'; }

Token take_apart(std::string_view element) {
  element.remove_prefix(element.starts_with("--") ? 2 : 1);
  if (element.empty() || element.front() == '-' || element.front() == '=') return {};
  const auto equals = element.find('=');
  if (equals == std::string_view::npos) return {element, std::nullopt};
  return {element.substr(0, equals), element.substr(equals + 1)};
}

// Reads the options that begin at `next_` and stops at the first positional argument or behind "--". It never gives up:
// it keeps the first complaint and goes on, so that one walk serves the strict and the lenient callers.
class OptionReader {
 public:
  OptionReader(std::span<const std::string> argv, std::size_t first, std::span<const Option> known)
      : argv_(argv), known_(known), next_(std::min(first, argv.size())) {}

  void read() {
    while (next_ < argv_.size() && is_option(argv_[next_])) {
      if (argv_[next_] == "--") {
        ++next_;
        return;
      }
      read_one();
    }
  }

  [[nodiscard]] std::size_t next() const { return next_; }
  [[nodiscard]] const std::vector<GivenOption>& options() const { return options_; }
  [[nodiscard]] std::vector<GivenOption> take_options() { return std::move(options_); }
  [[nodiscard]] const std::optional<Error>& complaint() const { return complaint_; }
  [[nodiscard]] bool met_unknown() const { return met_unknown_; }

 private:
  void read_one() {
    const std::size_t index = next_++;
    const Token token = take_apart(argv_[index]);
    const Option* const option = token.name.empty() ? nullptr : find_option(known_, token.name);
    if (option == nullptr) return complain_of_unknown(argv_[index]);
    GivenOption given{.option = option, .value = {}, .argv_index = index};
    given.by_alias = token.name != option->name;
    const bool complete = option->takes == Takes::value ? read_value(given, token) : read_boolean(given, token);
    if (!complete) return;
    check_form(given);
    options_.push_back(std::move(given));
  }

  bool read_value(GivenOption& given, const Token& token) {
    if (token.value) {
      given.value = *token.value;
      return true;
    }
    if (next_ == argv_.size()) {
      complain("option " + quoted(argv_[given.argv_index]) + " needs a value");
      return false;
    }
    given.value = argv_[next_++];
    given.value_is_separate = true;
    return true;
  }

  bool read_boolean(GivenOption& given, const Token& token) {
    const auto value = parse_bool(token.value.value_or("true"));
    if (!value) {
      complain("option " + quoted(argv_[given.argv_index]) + " needs 'true' or 'false'");
      return false;
    }
    given.value = *value ? "true" : "false";
    return true;
  }

  // urfave/cli refuses `-b x --bundle y`, crun takes the last one.
  void check_form(const GivenOption& given) {
    const bool mixed = std::ranges::any_of(options_, [&](const GivenOption& other) {
      return other.option == given.option && other.by_alias != given.by_alias;
    });
    if (mixed) complain("option '--" + std::string(given.option->name) + "' is given in two forms");
  }

  void complain_of_unknown(std::string_view element) {
    met_unknown_ = true;
    complain("unknown option " + quoted(element));
  }

  void complain(std::string message) {
    if (!complaint_) complaint_ = usage_error(std::move(message));
  }

  std::span<const std::string> argv_;
  std::span<const Option> known_;
  std::size_t next_;
  std::vector<GivenOption> options_;
  std::optional<Error> complaint_;
  bool met_unknown_ = false;
};

std::optional<std::string_view> last_value(std::span<const GivenOption> options, std::string_view name) {
  std::optional<std::string_view> value;
  for (const GivenOption& given : options)
    if (given.option->name == name) value = given.value;
  return value;
}

std::string text_of(std::span<const GivenOption> options, std::string_view name, std::string_view otherwise = {}) {
  return std::string(last_value(options, name).value_or(otherwise));
}

bool is_set(std::span<const GivenOption> options, std::string_view name) { return last_value(options, name) == "true"; }

LogTarget log_of(std::span<const GivenOption> global) {
  const bool json = last_value(global, "log-format") == "json";
  return {.path = text_of(global, "log"), .format = json ? LogFormat::json : LogFormat::text};
}

void fill_from_globals(Invocation& call, std::span<const GivenOption> global) {
  call.log = log_of(global);
  call.root = text_of(global, "root");
  call.debug = is_set(global, "debug");
  call.systemd_cgroup = is_set(global, "systemd-cgroup");
}

struct TextField {
  std::string_view option;
  std::string Invocation::*field;
};
constexpr std::array kTextFields = {
    TextField{"pid-file", &Invocation::pid_file},
    TextField{"console-socket", &Invocation::console_socket},
};

struct BooleanField {
  std::string_view option;
  bool Invocation::*field;
};
constexpr std::array kBooleanFields = {
    BooleanField{"no-pivot", &Invocation::no_pivot},
    BooleanField{"no-new-keyring", &Invocation::no_new_keyring},
    BooleanField{"no-subreaper", &Invocation::no_subreaper},
    BooleanField{"detach", &Invocation::detach},
    BooleanField{"keep", &Invocation::keep},
};

Status fill_preserve_fds(Invocation& call) {
  const auto text = option_value(call, "preserve-fds");
  if (!text) return ok();
  const auto number = parse_number<decltype(call.preserve_fds)>(*text);
  if (!number) return usage_error("option '--preserve-fds' needs a number, not " + quoted(*text));
  call.preserve_fds = *number;
  return ok();
}

void fill_from_options(Invocation& call) {
  for (const TextField& row : kTextFields) call.*row.field = text_of(call.options, row.option);
  for (const BooleanField& row : kBooleanFields) call.*row.field = is_set(call.options, row.option);
  const auto bundle = option_value(call, "bundle");
  if (bundle && !bundle->empty()) call.bundle = *bundle;  // runc takes an empty one for none, too
}

// What is read differently elsewhere: urfave/cli before 1.22.10 takes the id for the bundle in `--bundle - id`. The
// options of exec and update are written anew, in one form only.
Status check_separate_values(const Invocation& call) {
  if (is_rewritten(call.command)) return ok();
  for (const GivenOption& given : call.options)
    if (given.value_is_separate && given.value.starts_with('-'))
      return usage_error("the value " + quoted(given.value) + " looks like an option: write '--" +
                         std::string(given.option->name) + "=" + given.value + "'");
  return ok();
}

Status check_arguments(const Invocation& call, const CommandGrammar& grammar) {
  const std::size_t count = call.arguments.size();
  if (count < grammar.min_arguments) return usage_error(quoted(grammar.name) + " needs a container id");
  if (count <= grammar.max_arguments) return ok();
  const std::string& extra = call.arguments[grammar.max_arguments];
  if (is_option(extra))
    return usage_error("option " + quoted(extra) + " comes after the container id: write it before");
  return usage_error(quoted(grammar.name) + " takes one container id, and got " + quoted(extra) + " after it");
}

Status check_governed(const Invocation& call, const CommandGrammar& grammar) {
  SHIM_CHECK(check_arguments(call, grammar));
  if (is_valid_container_id(call.container_id)) return ok();
  return usage_error("container id " + quoted(call.container_id) + " is invalid");
}

// After an unknown option nobody knows which element is the command: `crun --new-option x create …` must not slip by.
bool may_be_governed(std::span<const std::string> argv) {
  return std::ranges::any_of(argv.subspan(1), [](const std::string& element) {
    const CommandGrammar* const grammar = find_command(element);
    return grammar != nullptr && is_governed(grammar->command);
  });
}

void fill_from_arguments(Invocation& call, std::span<const std::string> argv, std::size_t first) {
  call.first_argument_index = first;
  const auto arguments = argv.subspan(first);
  call.arguments.assign(arguments.begin(), arguments.end());
  if (!arguments.empty()) call.container_id = arguments.front();
}

Result<Invocation> parse_command(Invocation call, const CommandGrammar& grammar, std::span<const std::string> argv,
                                 const OptionReader& global) {
  OptionReader reader(argv, global.next() + 1, grammar.options);
  reader.read();
  call.command = grammar.command;
  call.command_index = global.next();
  call.options = reader.take_options();
  fill_from_arguments(call, argv, reader.next());
  fill_from_options(call);
  const Status number = fill_preserve_fds(call);
  if (!is_governed(grammar.command)) return call;

  if (global.complaint()) return *global.complaint();
  if (reader.complaint()) return *reader.complaint();
  SHIM_CHECK(check_separate_values(call));  // before help: what one reader takes for --help, another takes for a value
  if (is_set(call.options, "help")) {
    call.command = Command::help;
    return call;
  }
  if (!number) return number.error();
  SHIM_CHECK(check_governed(call, grammar));
  return call;
}

}  // namespace

Result<Invocation> parse_command_line(std::span<const std::string> argv) {
  OptionReader global(argv, 1, global_options());
  global.read();
  Invocation call;
  call.first_argument_index = argv.size();
  fill_from_globals(call, global.options());

  const auto rest = argv.subspan(global.next());
  if (global.met_unknown() && may_be_governed(argv)) return *global.complaint();
  if (!rest.empty()) call.command_name = rest.front();
  if (is_set(global.options(), "help") || is_set(global.options(), "version")) {
    call.command = is_set(global.options(), "help") ? Command::help : Command::version;
    return call;
  }
  if (rest.empty()) return call;
  const CommandGrammar* const grammar = find_command(call.command_name);
  if (grammar != nullptr) return parse_command(std::move(call), *grammar, argv, global);
  call.command = Command::unknown;
  return call;
}

LogTarget find_log(std::span<const std::string> argv) {
  OptionReader global(argv, 1, global_options());
  global.read();
  return log_of(global.options());
}

std::optional<std::string_view> option_value(const Invocation& call, std::string_view name) {
  return last_value(call.options, name);
}

std::vector<std::string_view> option_values(const Invocation& call, std::string_view name) {
  std::vector<std::string_view> values;
  for (const GivenOption& given : call.options)
    if (given.option->name == name) values.emplace_back(given.value);
  return values;
}

bool is_valid_container_id(std::string_view id) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+,-.";
  if (id.empty() || id.size() > kMaxIdBytes || id == "." || id == "..") return false;
  return id.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace runward::runtime

// SPDX-License-Identifier: Apache-2.0
#include "apparmor/compile.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "apparmor/parse.h"
#include "shim/base/file.h"
#include "shim/base/memory_file.h"
#include "shim/base/process.h"
#include "shim/base/unique_fd.h"

namespace runward::apparmor {
namespace {

constexpr std::size_t kMaxOutputBytes = std::size_t{64} << 20U;
constexpr auto kBase = "/etc/apparmor.d";

struct Ran {
  std::string output;
  std::string errors;
  bool succeeded = false;
};

class Actions {
 public:
  Actions() { ::posix_spawn_file_actions_init(&actions_); }
  ~Actions() { ::posix_spawn_file_actions_destroy(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  int give(const UniqueFd& fd, int number) { return ::posix_spawn_file_actions_adddup2(&actions_, fd.get(), number); }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

Result<UniqueFd> scratch_file() {
  UniqueFd fd(::memfd_create("apparmor_parser", MFD_CLOEXEC));
  if (!fd) return errno_error("memfd_create", "apparmor_parser");
  return fd;
}

Result<std::string> written_to(const UniqueFd& fd) {
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) return errno_error("seek", "apparmor_parser");
  return read_all(fd, kMaxOutputBytes, "apparmor_parser");
}

// Input and outputs are files in memory, so that nobody waits for anybody.
Result<Ran> run(const std::string& program, const std::vector<std::string>& arguments, std::string_view input) {
  SHIM_TRY(const UniqueFd in, memory_file("apparmor-profile", input));
  SHIM_TRY(const UniqueFd out, scratch_file());
  SHIM_TRY(const UniqueFd err, scratch_file());
  std::vector<char*> argv{const_cast<char*>(program.c_str())};  // NOLINT: posix_spawn(3) does not write to them
  for (const std::string& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str()));  // NOLINT: as above
  argv.push_back(nullptr);
  std::array<char, 32> path{"PATH=/usr/sbin:/usr/bin"};
  std::array<char, 16> locale{"LC_ALL=C"};
  std::array<char*, 3> environment{path.data(), locale.data(), nullptr};
  Actions actions;
  int failure =
      std::max({actions.give(in, STDIN_FILENO), actions.give(out, STDOUT_FILENO), actions.give(err, STDERR_FILENO)});
  pid_t pid = -1;
  if (failure == 0)
    failure = ::posix_spawn(&pid, program.c_str(), actions.get(), nullptr, argv.data(), environment.data());
  if (failure != 0) return errno_error("execute", program, failure);
  Ran ran;
  SHIM_TRY(const int exit_code, exit_code_of(pid, program));
  ran.succeeded = exit_code == 0;
  SHIM_TRY(ran.output, written_to(out));
  SHIM_TRY(ran.errors, written_to(err));
  return ran;
}

// Its first line that tells something, without the characters that an engine's log could stumble over.
std::string first_words(const std::string& errors) {
  constexpr std::size_t kMost = 300;
  std::string words;
  for (const char c : errors.substr(0, kMost)) {
    const bool printable = c >= 0x20 && c < 0x7f;
    if (printable || c == '\n') words.push_back(printable ? c : ' ');
  }
  while (words.ends_with(' ')) words.pop_back();
  return words.empty() ? "no reason given" : words;
}

std::vector<std::string> with(const CompileOptions& options, std::vector<std::string> arguments) {
  // Not the host's parser.conf: what is compiled depends on what stands in the profile alone.
  arguments.insert(arguments.end(), {"--config-file", "/dev/null", "--quiet", "--skip-cache"});
  if (!options.base.empty()) arguments.insert(arguments.end(), {"--base", options.base});
  if (!options.kernel_features.empty())
    arguments.insert(arguments.end(), {"--kernel-features", options.kernel_features});
  return arguments;
}

Result<std::string> output_of(const std::string& parser, const std::vector<std::string>& arguments,
                              std::string_view input) {
  SHIM_TRY(Ran ran, run(parser, arguments, input));
  if (ran.succeeded) return std::move(ran.output);
  return make_error(ErrorKind::policy, "apparmor_parser does not take the profile: " + first_words(ran.errors));
}

// "AppArmor parser version 3.0.8"
Result<unsigned> major_version(const std::string& parser) {
  constexpr std::string_view kWords = "version ";
  SHIM_TRY(const std::string text, output_of(parser, {"--version"}, ""));
  const std::size_t at = text.find(kWords);
  unsigned version = 0;
  if (at != std::string::npos) std::from_chars(text.data() + at + kWords.size(), text.data() + text.size(), version);
  if (version == 0) return make_error(ErrorKind::unsupported, "'" + parser + "' does not tell its version");
  return version;
}

}  // namespace

std::string find_parser() {
  constexpr std::array kPlaces = {"/usr/sbin/apparmor_parser", "/sbin/apparmor_parser", "/usr/bin/apparmor_parser"};
  const auto* const found = std::ranges::find_if(kPlaces, [](const char* path) { return ::access(path, X_OK) == 0; });
  return found == kPlaces.end() ? "" : *found;
}

Result<Abi> newest_abi(const std::string& parser, const CompileOptions& options) {
  constexpr unsigned kKnowsAbi4 = 4;
  SHIM_TRY(const unsigned version, major_version(parser));
  const std::string file = (options.base.empty() ? kBase : options.base) + "/abi/4.0";
  return version >= kKnowsAbi4 && ::access(file.c_str(), R_OK) == 0 ? Abi::v4_0 : Abi::v3_0;
}

Result<std::string> text_for(const std::string& parser, std::string_view source, const CompileOptions& options) {
  const auto profile = parse(source, "profile");
  if (!profile) return std::string(source);
  SHIM_TRY(const Abi abi, newest_abi(parser, options));
  return render(*profile, abi);
}

Result<std::vector<std::string>> names_in(const std::string& parser, const std::string& text,
                                          const CompileOptions& options) {
  SHIM_TRY(const std::string output, output_of(parser, with(options, {"--names"}), text));
  std::vector<std::string> names;
  for (std::size_t at = 0; at < output.size();) {
    const std::size_t end = std::min(output.find('\n', at), output.size());
    if (end > at) names.push_back(output.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

Result<std::string> compile(const std::string& parser, const std::string& text, const CompileOptions& options) {
  SHIM_TRY(std::string binary, output_of(parser, with(options, {"--stdout"}), text));
  if (binary.empty()) return make_error(ErrorKind::policy, "apparmor_parser made nothing of the profile");
  return binary;
}

Status validate(const std::string& parser, const std::string& text, const CompileOptions& options) {
  SHIM_TRY(const std::string none, output_of(parser, with(options, {"--skip-kernel-load", "--skip-read-cache"}), text));
  return ok();
}

}  // namespace runward::apparmor

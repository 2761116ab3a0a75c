// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/seccomp.h"

#include <fcntl.h>

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "seccomp/algebra.h"
#include "seccomp/compile.h"
#include "seccomp/data/docker_default.h"
#include "seccomp/data/risks.h"
#include "seccomp/derive.h"
#include "seccomp/evaluate.h"
#include "seccomp/parse.h"
#include "seccomp/print.h"
#include "seccomp/validate.h"
#include "shim/base/file.h"
#include "shim/base/number.h"
#include "shim/ctl/table.h"
#include "shim/ctl/words.h"
#include "shim/decide.h"
#include "shim/oci/parse.h"
#include "shim/policy/store.h"

namespace runward::ctl {
namespace {

using seccomp::Arguments;
using seccomp::Profile;
using seccomp::Reach;
using seccomp::Risk;

constexpr std::size_t kMaxFilterBytes = std::size_t{1} << 20U;

Result<seccomp::Template> read_filter_file(const std::string& path) {
  SHIM_TRY(const UniqueFd fd, open_regular(AT_FDCWD, path));
  SHIM_TRY(const std::string text, read_all(fd, kMaxFilterBytes, path));
  SHIM_TRY(const oci::Value json,
           oci::parse(text, path, {.max_bytes = kMaxFilterBytes, .max_depth = 16, .comments = true}));
  return seccomp::parse_template(json, path, text);
}

Result<seccomp::Template> find_filter(const std::string& name, const std::string& config_dir) {
  if (name == "docker") {
    SHIM_TRY(const oci::Value json, oci::parse(seccomp::docker_default_json(), "docker"));
    return seccomp::parse_template(json, "docker");
  }
  if (name.find('/') != std::string::npos || name.ends_with(".json")) return read_filter_file(name);
  SHIM_TRY(const policy::Config config, policy::load_config(config_dir));
  SHIM_TRY(const policy::Policy policy, policy::load_policy(config_dir, name, config));
  return load_seccomp_baseline(policy);
}

std::string architecture_of(const Given& given) { return given.value("arch").value_or(seccomp::native_architecture()); }

Result<seccomp::Environment> environment_of(const Given& given) {
  seccomp::Environment environment{.capabilities = {}, .architecture = architecture_of(given), .kernel = {}};
  if (!seccomp::is_architecture(environment.architecture))
    return make_error(ErrorKind::usage, "unknown architecture '" + environment.architecture + "'");
  // Rules for newer kernels are shown: runward runs on none that is older than they ask for.
  environment.kernel = seccomp::KernelVersion{.major = 99, .minor = 0};
  for (const std::string& word : given.values("cap")) {
    const auto capability = oci::parse_capability(word);
    if (!capability) return make_error(ErrorKind::usage, "unknown capability '" + word + "'");
    environment.capabilities.insert(oci::to_string(*capability));
  }
  return environment;
}

Result<Profile> filter_named(const std::string& name, const Given& given) {
  SHIM_TRY(const seccomp::Template filter, find_filter(name, config_dir(given)));
  SHIM_TRY(const seccomp::Environment environment, environment_of(given));
  return filter.resolve(environment);
}

// A call by another door than the machine's own is open where its architecture is.
bool is_open(const Profile& profile, const Risk& risk) {
  const auto allows = [&](std::string_view name) {
    return std::ranges::find(profile.architectures, name) != profile.architectures.end();
  };
  if (risk.entry == seccomp::Entry::x32 && !allows("SCMP_ARCH_X32")) return false;
  if (risk.entry == seccomp::Entry::i386 && !allows("SCMP_ARCH_X86")) return false;
  return seccomp::lets_through(seccomp::decide(profile, risk.syscall, risk.arguments));
}

std::vector<const Risk*> open_risks(const Profile& profile) {
  std::vector<const Risk*> open;
  for (const Risk& risk : seccomp::risks())
    if (is_open(profile, risk)) open.push_back(&risk);
  return open;
}

std::vector<std::string_view> ids_of(std::span<const Risk* const> risks) {
  std::vector<std::string_view> ids(risks.size());
  std::ranges::transform(risks, ids.begin(), &Risk::id);
  return ids;
}

std::set<std::string_view> cves_of(std::span<const Risk* const> risks) {
  std::set<std::string_view> cves;
  for (const Risk* risk : risks)
    for (const std::string_view cve : risk->cves)
      if (!cve.empty()) cves.insert(cve);
  return cves;
}

std::string list_of(const auto& words) { return words.empty() ? "none" : joined(words); }

struct Counts {
  std::size_t always = 0;
  std::size_t sometimes = 0;
};

// What the machine does not have counts for nothing where the filter is for it alone.
Counts count_calls(const Profile& profile) {
  const std::string native = seccomp::native_architecture();
  Counts counts;
  for (const auto& [call, rules] : profile.calls) {
    if (profile.architectures.empty() && !seccomp::syscall_number(call, native)) continue;
    const Reach reach = seccomp::reach_of(profile, call);
    if (reach == Reach::always) ++counts.always;
    if (reach == Reach::sometimes) ++counts.sometimes;
  }
  return counts;
}

Profile docker_default() {
  const auto json = oci::parse(seccomp::docker_default_json(), "docker");
  return *seccomp::parse_profile(*json, "docker");
}

std::vector<std::string> conditional_calls(const Profile& profile) {
  std::vector<std::string> calls;
  for (const auto& [call, rules] : profile.calls)
    if (seccomp::reach_of(profile, call) == Reach::sometimes) calls.push_back(call);
  return calls;
}

Result<int> show(const std::string& name, const Given& given) {
  SHIM_TRY(const Profile profile, filter_named(name, given));
  if (given.has("json"))
    print(seccomp::to_json(seccomp::normalise(profile).profile).dump(2) + "\n");
  else
    print(seccomp_summary(profile));
  return kExitOk;
}

std::string_view word(seccomp::Difference difference) {
  switch (difference) {
    case seccomp::Difference::only_first:
      return "only the first lets it through";
    case seccomp::Difference::only_second:
      return "only the second lets it through";
    case seccomp::Difference::first_lets_more:
      return "the first lets more through";
    case seccomp::Difference::second_lets_more:
      return "the second lets more through";
    case seccomp::Difference::differs:
      return "each lets something through that the other does not";
    case seccomp::Difference::other_errno:
      return "refused in another way";
  }
  return "";
}

std::string to_text(const seccomp::Example& example) {
  std::string text = example.call + "(";
  std::size_t used = seccomp::kArgumentCount;
  while (used > 0 && example.arguments.at(used - 1) == 0) --used;
  for (std::size_t i = 0; i < used; ++i)
    text.append(i == 0 ? "" : ", ").append(std::to_string(example.arguments.at(i)));
  return text + ")";
}

Result<int> diff(const std::string& first, const std::string& second, const Given& given) {
  SHIM_TRY(const Profile a, filter_named(first, given));
  SHIM_TRY(const Profile b, filter_named(second, given));
  Table table;
  oci::Value json = oci::Value::array();
  for (const seccomp::CallDifference& each : seccomp::diff(a, b)) {
    const std::string example = each.example ? to_text(*each.example) : "";
    table.rows.push_back({printable(each.call), std::string(word(each.difference)), printable(example)});
    json.push_back({{"syscall", each.call}, {"difference", word(each.difference)}, {"example", example}});
  }
  print(given.has("json") ? json.dump(2) + "\n" : render(table));
  return table.rows.empty() ? kExitOk : kExitProblem;
}

Result<int> check(const std::string& name, const Given& given) {
  SHIM_TRY(const Profile profile, filter_named(name, given));
  Table table;
  bool is_wrong = false;
  for (const seccomp::Problem& problem : seccomp::validate(profile, architecture_of(given))) {
    const bool wrong = problem.severity == seccomp::Severity::wrong;
    is_wrong = is_wrong || wrong;
    table.rows.push_back({wrong ? "wrong" : "doubtful", printable(problem.call), printable(problem.text)});
  }
  for (const Risk* risk : open_risks(profile))
    table.rows.push_back(
        {"risky", std::string(risk->syscall), std::string(risk->id) + ": " + std::string(risk->opens)});
  const auto program = seccomp::compile(profile);
  if (!program) table.rows.push_back({"wrong", "", program.error().message});
  print(table.rows.empty() ? "nothing is wrong\n" : render(table));
  return is_wrong || !program ? kExitProblem : kExitOk;
}

Result<std::uint64_t> parse_argument(const std::string& text) {
  const bool is_hex = text.starts_with("0x") || text.starts_with("0X");
  const std::string_view digits = std::string_view(text).substr(is_hex ? 2 : 0);
  const auto value = parse_number<std::uint64_t>(digits, is_hex ? 16 : 10);
  if (!value) return make_error(ErrorKind::usage, "'" + text + "' is no number: expected 38 or 0x26");
  return *value;
}

// By the compiled filter, as the kernel would run it.
Result<int> evaluate(const std::string& name, std::span<const std::string> call, const Given& given) {
  SHIM_TRY(Profile profile, filter_named(name, given));
  const std::string architecture = architecture_of(given);
  const auto number = seccomp::syscall_number(call[0], architecture);
  if (!number) return make_error(ErrorKind::usage, "'" + call[0] + "' is no system call of " + architecture);
  if (call.size() - 1 > seccomp::kArgumentCount) return make_error(ErrorKind::usage, "a system call has six arguments");
  Arguments arguments{};
  for (std::size_t i = 1; i < call.size(); ++i) {
    SHIM_TRY(arguments.at(i - 1), parse_argument(call[i]));
  }
  if (architecture != seccomp::native_architecture()) profile.architectures.push_back(architecture);
  SHIM_TRY(const seccomp::Program program, seccomp::compile(profile));
  SHIM_TRY(const seccomp::Evaluation said,
           seccomp::evaluate_counting(program, {.architecture = *seccomp::audit_architecture(architecture),
                                                .number = *number,
                                                .arguments = arguments,
                                                .instruction_pointer = 0}));
  print(seccomp::to_text(said.outcome) + " (" + std::to_string(said.steps) + " of " + std::to_string(program.size()) +
        " instructions)\n");
  return seccomp::lets_through(said.outcome) ? kExitOk : kExitProblem;
}

Error usage() {
  return make_error(ErrorKind::usage,
                    "expected 'show FILTER', 'diff FILTER FILTER', 'check FILTER' or "
                    "'eval FILTER SYSCALL ARGUMENT…'; a FILTER is a hardening profile, 'docker' or a file");
}

}  // namespace

std::string seccomp_summary(const Profile& profile) {
  const Profile docker = docker_default();
  const Counts counts = count_calls(profile);
  const auto open = open_risks(profile);
  const auto open_in_docker = open_risks(docker);
  std::vector<const Risk*> closed;
  for (const Risk* risk : open_in_docker)
    if (std::ranges::find(open, risk) == open.end()) closed.push_back(risk);
  const std::string of_all = " of " + std::to_string(seccomp::risks().size());
  Table table;
  table.rows = {
      {"let through", std::to_string(counts.always) + " calls, and " + std::to_string(counts.sometimes) +
                          " for some arguments: " + printable(list_of(conditional_calls(profile)))},
      {"all others", seccomp::to_text(profile.default_outcome)},
      {"architectures",
       profile.architectures.empty() ? "the machine's own" : printable(list_of(profile.architectures))},
      {"calls of known attacks", std::to_string(open.size()) + of_all + " let through: " + list_of(ids_of(open))},
      {"Docker's default", std::to_string(open_in_docker.size()) + of_all + " let through"},
      {"closed beyond it", list_of(ids_of(closed))},
      {"", std::to_string(cves_of(closed).size()) + " vulnerabilities: " + list_of(cves_of(closed))},
  };
  return render(table);
}

Result<int> run_seccomp(const Given& given) {
  const std::vector<std::string>& words = given.arguments();
  if (words.size() == 2 && words[0] == "show") return show(words[1], given);
  if (words.size() == 3 && words[0] == "diff") return diff(words[1], words[2], given);
  if (words.size() == 2 && words[0] == "check") return check(words[1], given);
  if (words.size() >= 3 && words[0] == "eval") return evaluate(words[1], std::span(words).subspan(2), given);
  return usage();
}

}  // namespace runward::ctl

// SPDX-License-Identifier: Apache-2.0
// Part of the build: reads seccomp.json of the shipped profiles and prints them as C++ (seccomp/shipped.h).
//   embed_baselines shipped_baselines.cc NAME=FILE…
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "seccomp/parse.h"
#include "seccomp/shipped.h"
#include "shim/base/file.h"
#include "shim/oci/parse.h"

namespace runward {
namespace {

using seccomp::Condition;
using seccomp::Outcome;
using seccomp::Requirement;
using seccomp::TemplateRule;

constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;

// {"a", "b"}
std::string words(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& word : list) text += (text.empty() ? "\"" : ", \"") + word + "\"";
  return "{" + text + "}";
}

std::string literal(Outcome outcome) {
  return "{.action = Action{" + std::to_string(static_cast<unsigned>(outcome.action)) +
         "}, .data = " + std::to_string(outcome.data) + "}";
}

std::string literal(const Condition& condition) {
  return "{.argument = " + std::to_string(condition.argument) + ", .compare = Compare{" +
         std::to_string(static_cast<unsigned>(condition.compare)) + "}, .value = " + std::to_string(condition.value) +
         "U, .mask = " + std::to_string(condition.mask) + "U}";
}

std::string literal(const std::vector<std::vector<Condition>>& alternatives) {
  std::string text = "{";
  for (const auto& conditions : alternatives) {
    text += "std::vector<Condition>{";
    for (const Condition& condition : conditions) text += literal(condition) + ", ";
    text += "}, ";
  }
  return text + "}";
}

std::string literal(const Requirement& requirement) {
  const auto& kernel = requirement.min_kernel;
  return "{.capabilities = " + words(requirement.capabilities) +
         ", .architectures = " + words(requirement.architectures) + ", .min_kernel = " +
         (kernel ? "KernelVersion{" + std::to_string(kernel->major) + ", " + std::to_string(kernel->minor) + "}"
                 : "std::nullopt") +
         "}";
}

void print(std::ostream& out, const TemplateRule& rule) {
  // A table: of a list in braces each text would be made twice.
  out << "    {\n      static constexpr auto kNames = std::to_array<std::string_view>(" << words(rule.names)
      << ");\n      baseline.rules.push_back({.names = {kNames.begin(), kNames.end()},\n      .outcome = "
      << literal(rule.outcome) << ",\n      .alternatives = " << literal(rule.alternatives)
      << ",\n      .includes = " << literal(rule.includes) << ",\n      .excludes = " << literal(rule.excludes)
      << "});\n    }\n";
}

void print(std::ostream& out, std::string_view name, const seccomp::Template& baseline) {
  out << "  if (profile == \"" << name << "\") {\n    baseline.default_outcome = " << literal(baseline.default_outcome)
      << ";\n    baseline.architectures = " << words(baseline.architectures)
      << ";\n    baseline.flags = " << words(baseline.flags) << ";\n    baseline.rules.reserve("
      << baseline.rules.size() << ");\n";
  for (const auto& entry : baseline.architecture_map)
    out << "    baseline.architecture_map.push_back({.architecture = \"" << entry.architecture
        << "\", .with = " << words(entry.with) << "});\n";
  for (const TemplateRule& rule : baseline.rules) print(out, rule);
  out << "    return baseline;\n  }\n";
}

constexpr std::string_view kHead = R"(// Made by shim/embed_baselines.cc.
#include "seccomp/shipped.h"

#include <array>
#include <string>
#include <vector>

namespace runward::seccomp {

std::optional<Template> shipped_baseline(std::string_view profile) {
  Template baseline;
)";

constexpr std::string_view kTail = R"(  return std::nullopt;
}

}  // namespace runward::seccomp
)";

Status embed(std::ostream& out, const std::string& name, const std::string& file) {
  SHIM_TRY(const std::string text, read_file(file, kMaxBytes));
  oci::ParseLimits limits;
  limits.comments = true;
  SHIM_TRY(const oci::Value json, oci::parse(text, file, limits));
  SHIM_TRY(const seccomp::Template baseline, seccomp::parse_template(json, file));
  print(out, name, seccomp::condensed(baseline));
  return ok();
}

int run(const std::string& output, const std::vector<std::string>& files) {
  std::ofstream out(output);
  out << kHead;
  for (const std::string& argument : files) {
    const std::size_t equals = argument.find('=');
    const Status embedded = embed(out, argument.substr(0, equals), argument.substr(equals + 1));
    if (embedded) continue;
    std::cerr << embedded.error().message << '\n';
    return EXIT_FAILURE;
  }
  out << kTail << std::flush;
  return out ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace runward

int main(int argc, char** argv) {
  try {
    return argc < 2 ? EXIT_FAILURE : runward::run(argv[1], {argv + 2, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}

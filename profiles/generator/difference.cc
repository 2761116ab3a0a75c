// SPDX-License-Identifier: Apache-2.0
#include "profiles/generator/difference.h"

#include <algorithm>
#include <set>

#include "apparmor/render.h"
#include "profiles/bytes.h"
#include "seccomp/algebra.h"

namespace runward::profiles {
namespace {

using Lines = std::set<std::string>;

void add_calls(const Recording& recording, Lines& lines) {
  for (const auto& [phase, architectures] : recording.calls) {
    if (phase == Phase::runtime_start) continue;
    for (const auto& [architecture, calls] : architectures) {
      for (const auto& [name, call] : calls) {
        const std::string what = std::string("call ").append(architecture).append(" ").append(name);
        lines.insert(what);
        for (const ArgumentUse& use : call.arguments) {
          std::string values;
          for (const std::uint64_t value : use.values) values.append(" ").append(std::to_string(value));
          lines.insert(std::string(what).append(" with").append(values));
        }
      }
    }
  }
}

// All things that it tells, one line each.
Lines lines_of(const Collection& recordings) {
  Lines lines;
  for (const Recording& recording : recordings) {
    add_calls(recording, lines);
    for (const auto& [phase, capabilities] : recording.capabilities)
      if (phase != Phase::runtime_start)
        for (const auto& [name, use] : capabilities) lines.insert("capability " + name);
    for (const auto& [path, use] : recording.files) lines.insert("file " + to_text(path) + " " + letters_of(use));
    for (const std::string& path : recording.upper.created) lines.insert("created " + to_text(path));
    for (const std::string& path : recording.upper.written) lines.insert("changed " + to_text(path));
    for (const std::string& path : recording.upper.deleted) lines.insert("deleted " + to_text(path));
    for (const Port& port : recording.ports) lines.insert("port " + port.protocol + " " + std::to_string(port.port));
    for (const User& user : recording.users)
      lines.insert("user " + std::to_string(user.uid) + ":" + std::to_string(user.gid));
  }
  return lines;
}

std::vector<std::string> compared(const Lines& a, const Lines& b) {
  std::vector<std::string> result;
  for (const std::string& line : a)
    if (!b.contains(line)) result.push_back("- " + line);
  for (const std::string& line : b)
    if (!a.contains(line)) result.push_back("+ " + line);
  std::ranges::sort(result, {}, [](const std::string& line) { return line.substr(2); });
  return result;
}

std::string word_of(seccomp::Difference difference) {
  switch (difference) {
    case seccomp::Difference::only_first:
      return "- call ";
    case seccomp::Difference::only_second:
      return "+ call ";
    case seccomp::Difference::first_lets_more:
      return "- arguments of call ";
    case seccomp::Difference::second_lets_more:
      return "+ arguments of call ";
    case seccomp::Difference::differs:
      return "! arguments of call ";
    case seccomp::Difference::other_errno:
      return "! errno of call ";
  }
  return "";
}

Lines rules_of(const ProfileFolder& profile) {
  Lines lines;
  for (const std::string& name : profile.policy.capabilities.allowed.names()) lines.insert("capability " + name);
  for (const std::string& name : profile.policy.capabilities.on_request.names())
    lines.insert("capability " + name + " on request");
  for (const policy::Scratch& scratch : profile.policy.rootfs.scratch) lines.insert("scratch " + scratch.path);
  if (!profile.apparmor) return lines;
  for (const apparmor::Rule& rule : profile.apparmor->rules) lines.insert("apparmor " + apparmor::render(rule));
  return lines;
}

}  // namespace

std::vector<std::string> difference(const Collection& a, const Collection& b) {
  return compared(lines_of(a), lines_of(b));
}

std::vector<std::string> difference(const ProfileFolder& a, const ProfileFolder& b, std::string_view architecture) {
  std::vector<std::string> lines;
  for (const seccomp::CallDifference& call : seccomp::diff(a.filter(architecture), b.filter(architecture)))
    lines.push_back(word_of(call.difference) + call.call);
  const auto rest = compared(rules_of(a), rules_of(b));
  lines.insert(lines.end(), rest.begin(), rest.end());
  return lines;
}

}  // namespace runward::profiles

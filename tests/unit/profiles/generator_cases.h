// SPDX-License-Identifier: Apache-2.0
#pragma once

// Recordings for the generator's tests, and the shipped profile `default` as the parent.

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "apparmor/parse.h"
#include "profiles/generator/check.h"
#include "profiles/generator/generate.h"
#include "seccomp/compile.h"
#include "shim/policy/store.h"

namespace runward::profiles {

inline Parent default_parent() {
  auto policy = policy::load_policy("/nonexistent", "default", policy::Config());
  auto filter = seccomp::parse_template(policy::load_seccomp(*policy)->json, "seccomp.json");
  auto rules = apparmor::parse(*policy::load_apparmor("builtin:default"), "apparmor");
  return {.name = "default", .policy = *policy, .seccomp = *filter, .apparmor = *rules};
}

// Of the machine that the tests run on, so that filters can be compiled.
inline std::string native() { return seccomp::native_architecture() == "SCMP_ARCH_AARCH64" ? "aarch64" : "x86_64"; }

inline Recording recording_of(const std::string& name, const std::vector<std::string>& calls) {
  Recording recording;
  recording.name = name;
  recording.image = "nginx:1.27";
  recording.host = {.kernel = "6.12.48", .architecture = native(), .runtime = "runc", .runtime_version = "1.1.15"};
  recording.started = "2026-11-25T10:00:00Z";
  recording.mechanisms = {.calls = "ebpf", .files = "fanotify", .capabilities = "ebpf"};
  recording.complete = true;
  for (const std::string& call : calls)
    recording.calls[Phase::application][native()][call] = {
        .count = 2, .executables = {{"/usr/sbin/nginx", 2}}, .arguments = {}};
  return recording;
}

inline void add_argument(Recording& recording, const std::string& call, std::vector<std::uint64_t> values) {
  Call& made = recording.calls[Phase::application][native()][call];
  made.arguments.push_back({.values = std::move(values), .count = 1});
  made.count = made.arguments.size();
}

// A profile as if it had been written to a folder and read back.
inline ProfileFolder read_back(const Generated& made, const Parent& parent, const Collection& recordings) {
  ProfileFolder folder{.name = "web", .policy = parent.policy, .seccomp = {}, .apparmor = {}, .recordings = recordings};
  const Status applied = policy::apply_profile(
      {.text = made.files.at("profile.json"), .name = "profile.json", .directory = "/nowhere"}, folder.policy);
  EXPECT_TRUE(applied) << (applied ? "" : applied.error().message);
  const auto filter = seccomp::parse_template(oci::Value::parse(made.files.at("seccomp.json")), "seccomp.json");
  EXPECT_TRUE(filter) << (filter ? "" : filter.error().message);
  folder.seccomp = *filter;
  const auto rules = apparmor::parse(made.files.at("apparmor"), "apparmor");
  EXPECT_TRUE(rules) << (rules ? "" : rules.error().message);
  folder.apparmor = *rules;
  return folder;
}

}  // namespace runward::profiles

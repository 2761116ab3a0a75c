// SPDX-License-Identifier: Apache-2.0
#pragma once

// From an engine's document to a verdict: what `runward` does before it becomes the low-level runtime, and what
// `runwardctl explain` does to tell about it. Changes nothing outside of its arguments.
//
//   SHIM_TRY(oci::Value document, parse_spec(text, "config.json"));
//   SHIM_TRY(const policy::Choice choice, choose_profile(config, call, oci::Spec(document)));
//   SHIM_TRY(const policy::Policy policy, policy::load_policy(build_info::kConfigDir, choice.profile, config));
//   SHIM_TRY(const Decision decision, decide(call, policy, document, features_of_runc));

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "seccomp/parse.h"
#include "shim/base/result.h"
#include "shim/harden/pipeline.h"
#include "shim/policy/select.h"
#include "shim/policy/store.h"

namespace runward {

inline constexpr auto kDocument = "config.json";
inline constexpr auto kOriginal = "config.runward-original.json";  // the engine's text, for `runwardctl explain`

// What a call tells besides its document.
struct CallFacts {
  std::string runtime_name;  // argv[0]'s file name
  std::string runtime_root;  // --root
  std::string container_id;
  harden::Call flags;
  std::string command;  // "create", "run"
  std::string bundle;   // as given
  // Of a container that a profile is tried out with (verification.h): harden::Context::seccomp_logged_within.
  std::optional<policy::Policy> logged_within = std::nullopt;
  bool logs_allowed = false;  // harden::Context::seccomp_logs_allowed
};

// Where BuildKit runs a RUN step by itself: the folder around its `executor`, which holds everything that it mounts
// into the step ("/var/lib/docker" of dockerd); nothing for any other call. It is known by calling `run` on
// <root>/…buildkit…/executor/<id>. Who could fake that calls the runtime, and so is root: engines choose command and
// bundle themselves, and dockerd, containerd, CRI-O and conmon call `create`.
std::optional<std::string> build_root(const CallFacts& call);

struct Decision {
  harden::Report report;
  std::string image;  // empty: unknown, or the policy did not need it
};

inline std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// PATH, where the low-level runtime is looked for.
std::string search_path();

// Strictly parsed, and of the shape that the OCI runtime-spec gives it.
Result<oci::Value> parse_document(std::string_view text, const std::string& name, oci::Document kind);
Status check_document(const oci::Value& document, const std::string& name, oci::Document kind);
inline Result<oci::Value> parse_spec(std::string_view text, const std::string& name) {
  return parse_document(text, name, oci::Document::spec);
}

// What a low-level runtime knows; nothing when it does not tell.
std::optional<host::RuntimeFeatures> known_features(const std::string& low_level_path);

Result<policy::Choice> choose_profile(const policy::Config& config, const CallFacts& call, const oci::Spec& spec);

using KnownFeatures = std::function<std::optional<host::RuntimeFeatures>()>;

// Hardens `document` by the policy, with the host as it is now and what was prepared for the container.
Result<Decision> decide(const CallFacts& call, const policy::Policy& policy, oci::Value& document,
                        KnownFeatures runtime_features, host::Staging staging = {});

// What the policy's rules.seccomp.baseline names, parsed.
Result<seccomp::Template> load_seccomp_baseline(const policy::Policy& policy);

}  // namespace runward

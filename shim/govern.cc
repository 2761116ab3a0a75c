// SPDX-License-Identifier: Apache-2.0
#include "shim/govern.h"

#include <chrono>
#include <cstdlib>

#include "runward_build_info.h"
#include "shim/base/file.h"
#include "shim/harden/event.h"
#include "shim/harden/pipeline.h"
#include "shim/host/docker_files.h"
#include "shim/host/probe.h"
#include "shim/oci/parse.h"
#include "shim/oci/shape.h"
#include "shim/policy/select.h"
#include "shim/policy/store.h"
#include "shim/runtime/capture.h"
#include "shim/runtime/low_level.h"

namespace runward {
namespace {

constexpr auto kDocument = "config.json";
constexpr auto kOriginal = "config.runward-original.json";

struct Bundle {
  UniqueFd directory;
  std::string text;  // of config.json, as the engine wrote it
  oci::Value document;
};

Result<Bundle> open_bundle(const std::string& path) {
  Bundle bundle;
  SHIM_TRY(bundle.directory, open_directory(path));
  SHIM_TRY(const UniqueFd fd, open_regular(bundle.directory.get(), kDocument));
  SHIM_TRY(bundle.text, read_all(fd, oci::ParseLimits().max_bytes, kDocument));
  SHIM_TRY(bundle.document, oci::parse(bundle.text, kDocument));
  const auto problems = oci::check_shape(bundle.document, oci::Document::spec);
  if (problems.empty()) return bundle;
  return make_error(ErrorKind::parse,
                    "'config.json' is not what the OCI runtime-spec asks for (rule spec-sane): " + problems[0].message);
}

// After this the low-level runtime reads our print; the engine's text stays beside it for `runwardctl explain`.
Status hand_on(const Bundle& bundle) {
  constexpr mode_t kOnlyRoot = 0600;
  SHIM_CHECK(replace_file(bundle.directory, kOriginal, bundle.text, kOnlyRoot));
  Status replaced = replace_file(bundle.directory, kDocument, oci::print(bundle.document), kOnlyRoot);
  if (!replaced) ::unlinkat(bundle.directory.get(), kOriginal, 0);
  return replaced;
}

std::optional<std::set<std::string>> namespaces_of(const runtime::LowLevel& low_level) {
  const auto captured = runtime::run_and_capture(low_level.path, {"features"});
  if (!captured || captured->exit_code != 0) return std::nullopt;
  const auto features = oci::parse(captured->output, "features");
  if (!features) return std::nullopt;
  const oci::Value* const known = oci::find(*features, oci::Pointer("/linux/namespaces"));
  std::set<std::string> types;
  if (known != nullptr && known->is_array())
    for (const oci::Value& type : *known)
      if (type.is_string()) types.insert(type.get<std::string>());
  return types;
}

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Result<policy::Choice> choose_profile(const policy::Config& config, const runtime::Invocation& call,
                                      const std::string& runtime_name, const oci::Spec& spec) {
  policy::SelectionInput input{.runtime_name = runtime_name,
                               .engine_namespace = host::engine_namespace_of(call.root),
                               .annotations = spec.annotations(),
                               .image = {},
                               .image_id = {},
                               .image_digests = {},
                               .labels = {}};
  if (policy::needs_container_info(config.selection)) {
    SHIM_TRY(const auto container, host::read_docker_files(spec.root_path(), call.container_id));
    if (container) {
      input.image = container->image;
      input.image_id = container->image_id;
      input.image_digests = container->image_digests;
      input.labels = container->labels;
    }
  }
  return policy::select_profile(config.selection, input);
}

class GovernedCall {
 public:
  GovernedCall(const runtime::Invocation& call, const std::vector<std::string>& argv, policy::Config config)
      : call_(call), argv_(argv), config_(std::move(config)) {
    event_ = {.time = std::chrono::system_clock::now(),
              .engine = host::engine_namespace_of(call.root),
              .container = call.container_id,
              .image = {},
              .bundle = call.bundle,
              .command = call.command_name,
              .profile = {},
              .selected = {},
              .policy_hash = {}};
  }

  Error run() {
    Result<runtime::LowLevel> low_level = harden_bundle();
    if (low_level) return runtime::exec_low_level(*low_level, argv_);
    if (!event_written_) {
      const Status written = write_event(harden::error_event_line(event_, low_level.error().message));
      if (!written) return in_context(low_level.error().message, written.error());
    }
    return std::move(low_level).error();
  }

 private:
  Result<runtime::LowLevel> harden_bundle() {
    const char* const path = std::getenv("PATH");
    SHIM_TRY(runtime::LowLevel low_level, runtime::find_low_level(config_.runtime, path == nullptr ? "" : path));
    SHIM_TRY(Bundle bundle, open_bundle(call_.bundle));
    SHIM_TRY(const policy::Policy policy, load_policy(bundle));
    SHIM_TRY(const harden::Report report, decide(bundle, policy, low_level));
    SHIM_CHECK(write_event(harden::event_line(event_, report, policy)));
    event_written_ = true;
    if (report.refused()) return make_error(ErrorKind::policy, harden::refusal_message(report, policy));
    SHIM_CHECK(hand_on(bundle));
    return low_level;
  }

  Result<policy::Policy> load_policy(const Bundle& bundle) {
    SHIM_TRY(const policy::Choice choice,
             choose_profile(config_, call_, file_name(argv_[0]), oci::Spec(bundle.document)));
    event_.profile = choice.profile;
    event_.selected = choice.reason;
    SHIM_TRY(policy::Policy policy, policy::load_policy(build_info::kConfigDir, choice.profile, config_));
    event_.policy_hash = policy.hash;
    return policy;
  }

  Result<harden::Report> decide(Bundle& bundle, const policy::Policy& policy, const runtime::LowLevel& low_level) {
    const host::ProbeInput input{.runtime_root = call_.root,
                                 .container_id = call_.container_id,
                                 .runtime_namespaces = [&] { return namespaces_of(low_level); }};
    SHIM_TRY(const host::HostFacts facts, host::probe(oci::Spec(bundle.document), policy, input));
    if (facts.container) event_.image = facts.container->image;
    oci::Value baseline;
    const bool wants_baseline = harden::wants_seccomp_baseline(bundle.document, policy);
    if (wants_baseline) {
      SHIM_TRY(baseline, policy::load_seccomp(policy));
    }
    const harden::Context context{.policy = policy,
                                  .host = facts,
                                  .call = {.no_pivot = call_.no_pivot,
                                           .no_new_keyring = call_.no_new_keyring,
                                           .restore = call_.command == runtime::Command::restore},
                                  .seccomp_baseline = wants_baseline ? &baseline : nullptr};
    return harden::harden(oci::Document::spec, bundle.document, context);
  }

  // Whether a container may start without its event is the administrator's choice.
  Status write_event(const std::string& line) const {
    if (config_.events.file.empty()) return ok();
    Status written = append_line(config_.events.file, line);
    if (written || !config_.events.required) return ok();
    return in_context("the event could not be written, and events.required is set", std::move(written).error());
  }

  const runtime::Invocation& call_;
  const std::vector<std::string>& argv_;
  policy::Config config_;
  harden::EventContext event_;
  bool event_written_ = false;
};

}  // namespace

Error govern(const runtime::Invocation& call, const std::vector<std::string>& argv) {
  Result<policy::Config> config = policy::load_config(build_info::kConfigDir);
  if (!config) return std::move(config).error();
  return GovernedCall(call, argv, *std::move(config)).run();
}

}  // namespace runward

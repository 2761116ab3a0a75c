// SPDX-License-Identifier: Apache-2.0
#include "shim/decide.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "seccomp/shipped.h"
#include "shim/host/docker_files.h"
#include "shim/host/probe.h"
#include "shim/oci/parse.h"
#include "shim/oci/shape.h"
#include "shim/policy/shipped.h"
#include "shim/runtime/capture.h"

namespace runward {

std::string search_path() {
  const char* const path = std::getenv("PATH");
  return path == nullptr ? "" : path;
}

Result<oci::Value> parse_document(std::string_view text, const std::string& name, oci::Document kind) {
  SHIM_TRY(oci::Value document, oci::parse(text, name));
  SHIM_CHECK(check_document(document, name, kind));
  return document;
}

Status check_document(const oci::Value& document, const std::string& name, oci::Document kind) {
  const auto problems = oci::check_shape(document, kind);
  if (problems.empty()) return ok();
  return make_error(ErrorKind::parse, "'" + name + "' is not what the OCI runtime-spec asks for (rule spec-sane): " +
                                          problems[0].message);
}

// <data root>/buildkit/executor/<id> (dockerd); <root>/runc-<snapshotter>/executor/<id> (buildkitd, root
// /var/lib/buildkit).
std::optional<std::string> build_root(const CallFacts& call) {
  if (call.command != "run" || !call.bundle.starts_with('/')) return std::nullopt;
  const std::filesystem::path bundle(call.bundle);
  const std::filesystem::path executor = bundle.parent_path();
  const std::filesystem::path folder = executor.parent_path();
  const bool is_step = bundle == bundle.lexically_normal() && bundle.filename() == call.container_id &&
                       executor.filename() == "executor" &&
                       (folder.filename() == "buildkit" || folder.parent_path().filename() == "buildkit");
  if (!is_step) return std::nullopt;
  return folder.parent_path().native();
}

namespace {

std::set<std::string> texts_at(const oci::Value& json, const char* pointer) {
  const oci::Value* const list = oci::find(json, oci::Pointer(pointer));
  std::set<std::string> texts;
  if (list != nullptr && list->is_array())
    for (const oci::Value& text : *list)
      if (text.is_string()) texts.insert(text.get<std::string>());
  return texts;
}

}  // namespace

std::optional<host::RuntimeFeatures> known_features(const std::string& low_level_path) {
  const auto captured = runtime::run_and_capture(low_level_path, {"features"});
  if (!captured || captured->exit_code != 0) return std::nullopt;
  const auto features = oci::parse(captured->output, "features");
  if (!features) return std::nullopt;
  return host::RuntimeFeatures{.namespaces = texts_at(*features, "/linux/namespaces"),
                               .seccomp_flags = texts_at(*features, "/linux/seccomp/supportedFlags")};
}

// Docker's classic builder runs its steps as any container of dockerd's, in its namespace.
policy::BuildStep build_step_of(const CallFacts& call, const oci::Spec& spec) {
  if (build_root(call)) return policy::BuildStep::by_call;
  const bool is_dockers = host::engine_namespace_of(call.runtime_root) == "moby";
  if (is_dockers && host::is_classic_build_step(spec.root_path(), call.container_id))
    return policy::BuildStep::by_record;
  return policy::BuildStep::none;
}

Result<policy::Choice> choose_profile(const policy::Config& config, const CallFacts& call, const oci::Spec& spec) {
  policy::SelectionInput input{.runtime_name = call.runtime_name,
                               .engine_namespace = host::engine_namespace_of(call.runtime_root),
                               .build_step = policy::BuildStep::none,
                               .annotations = spec.annotations(),
                               .image = {},
                               .image_id = {},
                               .image_digests = {},
                               .labels = {}};
  if (!config.selection.builds.empty()) input.build_step = build_step_of(call, spec);
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

Result<seccomp::Template> load_seccomp_baseline(const policy::Policy& policy) {
  const std::string_view place = policy.seccomp.baseline;
  if (place.starts_with(policy::kBuiltin)) {
    auto shipped = seccomp::shipped_baseline(place.substr(policy::kBuiltin.size()));
    if (shipped) return *std::move(shipped);
  }
  SHIM_TRY(const policy::SeccompFile file, policy::load_seccomp(policy));
  return seccomp::parse_template(file.json, policy.seccomp.baseline, file.text);
}

Result<Decision> decide(const CallFacts& call, const policy::Policy& policy, oci::Value& document,
                        KnownFeatures runtime_features, host::Staging staging) {
  const host::ProbeInput input{.runtime_root = call.runtime_root,
                               .container_id = call.container_id,
                               .build_root = build_root(call).value_or(""),
                               .runtime_features = std::move(runtime_features)};
  SHIM_TRY(host::HostFacts facts, host::probe(oci::Spec(document), policy, input));
  facts.staging = std::move(staging);
  std::optional<seccomp::Template> baseline;
  const bool wants_baseline = harden::wants_seccomp_baseline(document, policy);
  if (wants_baseline) {
    SHIM_TRY(baseline, load_seccomp_baseline(policy));
  }
  std::optional<seccomp::Template> logged_within;
  if (wants_baseline && call.logged_within) {
    SHIM_TRY(logged_within, load_seccomp_baseline(*call.logged_within));
  }
  const harden::Context context{.policy = policy,
                                .host = facts,
                                .call = call.flags,
                                .seccomp_baseline = baseline ? &*baseline : nullptr,
                                .seccomp_logged_within = logged_within ? &*logged_within : nullptr,
                                .seccomp_logs_allowed = call.logs_allowed};
  SHIM_TRY(harden::Report report, harden::harden(oci::Document::spec, document, context));
  return Decision{.report = std::move(report), .image = facts.container ? facts.container->image : std::string()};
}

}  // namespace runward

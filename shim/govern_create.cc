// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "runward_build_info.h"
#include "shim/audited_recording.h"
#include "shim/base/file.h"
#include "shim/decide.h"
#include "shim/event_writer.h"
#include "shim/govern.h"
#include "shim/harden/pipeline.h"
#include "shim/host/answering_sources.h"
#include "shim/load_apparmor.h"
#include "shim/oci/parse.h"
#include "shim/oci/print.h"
#include "shim/policy/store.h"
#include "shim/runtime/low_level.h"
#include "shim/start_recorder.h"
#include "shim/state/decisions.h"
#include "shim/userns/stage.h"
#include "shim/userns/staging_folder.h"
#include "shim/verification.h"

namespace runward {
namespace {

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
  SHIM_TRY(bundle.document, parse_spec(bundle.text, kDocument));
  return bundle;
}

// An engine writes a new document for each create; who calls by hand may not know that ours took its place.
Status check_is_original(const Bundle& bundle) {
  const bool is_ours = oci::Spec(bundle.document).root_path().starts_with(std::string(build_info::kStateDir) + "/");
  if (!is_ours) return ok();
  return make_error(ErrorKind::unsupported, std::string("its ") + kDocument +
                                                " is one that runward wrote for an earlier create: put back what that "
                                                "was made from, " +
                                                kOriginal);
}

// What a create works with. It stays until the low-level runtime is in our place: to give a document back value by
// value takes as long as to read it.
struct Work {
  Bundle bundle;
  policy::LoadedPolicy loaded;
  harden::Report report;
};

// After this the low-level runtime reads our print; the engine's text stays
// beside it for `runwardctl explain`.
Status hand_on(const Bundle& bundle) {
  constexpr mode_t kOnlyRoot = 0600;
  SHIM_CHECK(keep_as(bundle.directory, kDocument, kOriginal, bundle.text));
  Status replaced =
      replace_file(bundle.directory, kDocument, oci::print(bundle.document), kOnlyRoot, Lasting::until_reboot);
  if (!replaced) ::unlinkat(bundle.directory.get(), kOriginal, 0);
  return replaced;
}

CallFacts facts_of(const runtime::Invocation& call, const Argv& argv) {
  return {.runtime_name = file_name(argv[0]),
          .runtime_root = call.root,
          .container_id = call.container_id,
          .flags = {.no_pivot = call.no_pivot,
                    .no_new_keyring = call.no_new_keyring,
                    .restore = call.command == runtime::Command::restore},
          .command = call.command_name,
          .bundle = call.bundle};
}

// Calls that come later may come from another working folder.
Result<std::string> absolute(const std::string& path) {
  if (path.empty()) return path;
  std::error_code error;
  std::filesystem::path found = std::filesystem::absolute(path, error);
  if (error) return make_error(ErrorKind::io, "can't find the working folder: " + error.message());
  return found.lexically_normal().native();
}

state::KeptUsers kept_users(const userns::Stage& stage) {
  state::KeptUsers users;
  users.first = stage.facts().user_namespace->first;
  users.size = stage.facts().user_namespace->size;
  if (const auto& lease = stage.lease()) {
    users.pool = lease->pool;
    users.number = lease->number;
    users.holder = lease->holder;
  }
  return users;
}

class GovernedCreate {
 public:
  GovernedCreate(const runtime::Invocation& call, const Argv& argv, const policy::Config& config)
      : call_(call), argv_(argv), config_(config), facts_(facts_of(call, argv)), event_(call, config.events) {}

  Error run() {
    Work work;
    const Result<runtime::LowLevel> low_level = harden_bundle(work);
    return low_level ? runtime::exec_low_level(*low_level, argv_) : event_.failed(low_level.error());
  }

 private:
  Result<runtime::LowLevel> harden_bundle(Work& work) {
    auto& [bundle, loaded, report] = work;
    SHIM_TRY(runtime::LowLevel low_level, runtime::find_low_level(config_.runtime, search_path()));
    SHIM_TRY(bundle, open_bundle(call_.bundle));
    SHIM_CHECK(check_is_original(bundle));
    SHIM_TRY(loaded, is_verified(argv_[0]) ? begin_verification() : load_policy(bundle));
    SHIM_CHECK(choose_recording_of(loaded.policy));
    SHIM_CHECK(host::check_that_sources_answer(oci::Spec(bundle.document).mounts(), call_.container_id));
    const userns::Ranges ranges(build_info::kStateDir, config_.id_pool);
    SHIM_TRY(userns::Stage stage, prepare_stage(bundle, loaded.policy, ranges));
    SHIM_TRY(report, decide(bundle, loaded.policy, low_level, stage));
    SHIM_CHECK(event_.decided(report, loaded.policy));
    if (report.refused()) return make_error(ErrorKind::policy, harden::refusal_message(report, loaded.policy));
    SHIM_CHECK(load_apparmor_profile(oci::Spec(bundle.document).process()));
    SHIM_CHECK(stage.enter(oci::Spec(bundle.document)));
    SHIM_CHECK(hand_on(bundle));
    SHIM_CHECK(keep(bundle, std::move(loaded.text), stage));
    return low_level;
  }

  Result<policy::LoadedPolicy> load_policy(const Bundle& bundle) {
    SHIM_TRY(const policy::Choice choice, choose_profile(config_, facts_, oci::Spec(bundle.document)));
    event_.context.profile = choice.profile;
    event_.context.selected = choice.reason;
    SHIM_TRY(policy::LoadedPolicy loaded,
             policy::load_policy_with_text(build_info::kConfigDir, choice.profile, config_));
    event_.context.policy_hash = loaded.policy.hash;
    return loaded;
  }

  // By the audit only what its filter logs is recorded, which is the profile's filter with no call added to it.
  Status choose_recording_of(const policy::Policy& policy) {
    if (!is_recorded(argv_[0])) return ok();
    SHIM_TRY(const auto why_by_audit, choose_recording(call_));
    forget_audited_recording(call_.container_id);
    if (!why_by_audit) return ok();
    if (policy.rule(policy::RuleId::seccomp).mode != policy::Mode::enforce)
      return make_error(ErrorKind::policy, "this container was to be recorded by the kernel's audit, as " +
                                               *why_by_audit +
                                               "; that needs a filter, and rule seccomp is not enforced here");
    facts_.logs_allowed = true;
    return begin_audited_recording(call_.container_id, *why_by_audit);
  }

  // In place of what would select a profile: the one that is tried out.
  Result<policy::LoadedPolicy> begin_verification() {
    SHIM_TRY(const Grant grant, find_grant(call_.container_id));
    event_.context.profile = grant.profile;
    event_.context.selected = "it is being verified";
    SHIM_TRY(policy::LoadedPolicy loaded, load_granted(grant, config_));
    event_.context.policy_hash = loaded.policy.hash;
    SHIM_TRY(facts_.logged_within, policy::load_policy(build_info::kConfigDir, kBoundingProfile, config_));
    begin_session(grant);
    return loaded;
  }

  Result<userns::Stage> prepare_stage(const Bundle& bundle, const policy::Policy& policy,
                                      const userns::Ranges& ranges) {
    const userns::Owner owner{.runtime_root = state::resolved_root(call_.root), .container = call_.container_id};
    return userns::Stage::prepare({.spec = oci::Spec(bundle.document),
                                   .policy = policy,
                                   .ranges = ranges,
                                   .owner = owner,
                                   .bundle = call_.bundle,
                                   .folder = userns::staging_folder(build_info::kStateDir, owner)});
  }

  Result<harden::Report> decide(Bundle& bundle, const policy::Policy& policy, const runtime::LowLevel& low_level,
                                const userns::Stage& stage) {
    SHIM_TRY(Decision decision,
             runward::decide(
                 facts_, policy, bundle.document, [&] { return known_features(low_level.path); }, stage.facts()));
    event_.context.image = std::move(decision.image);
    return std::move(decision.report);
  }

  // For the calls that come while the container lives. Where it can't be kept the container must not start: it could
  // not be entered any more.
  [[nodiscard]] Status keep(const Bundle& bundle, policy::PolicyText policy, userns::Stage& stage) const {
    SHIM_TRY(const std::string folder, absolute(call_.bundle));
    SHIM_TRY(const std::string pid_file, absolute(call_.pid_file));
    const auto document = state::identify(folder + "/" + kDocument);
    if (!document) return errno_error("stat", kDocument);
    const oci::Spec spec(bundle.document);
    const harden::EventContext& event = event_.context;
    SHIM_CHECK(state::Decisions(build_info::kStateDir)
                   .keep({.container = call_.container_id,
                          .runtime_root = state::resolved_root(call_.root),
                          .bundle = folder,
                          .pid_file = pid_file,
                          .command = call_.command_name,
                          .time = harden::rfc3339(event.time),
                          .image = event.image,
                          .selected = event.selected,
                          .policy_hash = event.policy_hash,
                          .document = *document,
                          .policy = std::move(policy),
                          .process = state::kept_process(spec.process().value()),
                          .resources = state::kept_resources(spec.resources().value()),
                          .users = stage.gives_users(spec) ? std::optional(kept_users(stage)) : std::nullopt}));
    if (stage.gives_users(spec)) stage.keep();
    return ok();
  }

  const runtime::Invocation& call_;
  const Argv& argv_;
  const policy::Config& config_;
  CallFacts facts_;
  EventWriter event_;
};

}  // namespace

Error govern_create(const runtime::Invocation& call, const Argv& argv, const policy::Config& config) {
  return GovernedCreate(call, argv, config).run();
}

}  // namespace runward

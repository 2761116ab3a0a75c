// SPDX-License-Identifier: Apache-2.0
#include "shim/govern.h"

#include <chrono>
#include <cstdlib>

#include "runward_build_info.h"
#include "shim/base/file.h"
#include "shim/base/prefault.h"
#include "shim/decide.h"
#include "shim/harden/event.h"
#include "shim/harden/pipeline.h"
#include "shim/host/probe.h"
#include "shim/oci/parse.h"
#include "shim/policy/store.h"
#include "shim/runtime/low_level.h"

namespace runward {
namespace {

// What an ordinary document takes.
constexpr std::size_t kUsualHeap = std::size_t{256} << 10U;

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

// After this the low-level runtime reads our print; the engine's text stays
// beside it for `runwardctl explain`.
Status hand_on(const Bundle& bundle) {
  constexpr mode_t kOnlyRoot = 0600;
  SHIM_CHECK(keep_as(bundle.directory, kDocument, kOriginal, bundle.text));
  Status replaced = replace_file(bundle.directory, kDocument, oci::print(bundle.document), kOnlyRoot);
  if (!replaced) ::unlinkat(bundle.directory.get(), kOriginal, 0);
  return replaced;
}

CallFacts facts_of(const runtime::Invocation& call, const std::vector<std::string>& argv) {
  return {.runtime_name = file_name(argv[0]),
          .runtime_root = call.root,
          .container_id = call.container_id,
          .flags = {.no_pivot = call.no_pivot,
                    .no_new_keyring = call.no_new_keyring,
                    .restore = call.command == runtime::Command::restore}};
}

class GovernedCall {
 public:
  GovernedCall(const runtime::Invocation& call, const std::vector<std::string>& argv, policy::Config config)
      : call_(call), argv_(argv), facts_(facts_of(call, argv)), config_(std::move(config)) {
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
    SHIM_TRY(const policy::Choice choice, choose_profile(config_, facts_, oci::Spec(bundle.document)));
    event_.profile = choice.profile;
    event_.selected = choice.reason;
    SHIM_TRY(policy::Policy policy, policy::load_policy(build_info::kConfigDir, choice.profile, config_));
    event_.policy_hash = policy.hash;
    return policy;
  }

  Result<harden::Report> decide(Bundle& bundle, const policy::Policy& policy, const runtime::LowLevel& low_level) {
    SHIM_TRY(Decision decision,
             runward::decide(facts_, policy, bundle.document, [&] { return known_namespaces(low_level.path); }));
    event_.image = std::move(decision.image);
    return std::move(decision.report);
  }

  // Whether a container may start without its event is the administrator's
  // choice.
  Status write_event(const std::string& line) const {
    if (config_.events.file.empty()) return ok();
    Status written = append_line(config_.events.file, line);
    if (written || !config_.events.required) return ok();
    return in_context("the event could not be written, and events.required is set", std::move(written).error());
  }

  const runtime::Invocation& call_;
  const std::vector<std::string>& argv_;
  CallFacts facts_;
  policy::Config config_;
  harden::EventContext event_;
  bool event_written_ = false;
};

}  // namespace

Error govern(const runtime::Invocation& call, const std::vector<std::string>& argv) {
  prefault_program();
  prefault_heap(kUsualHeap);
  Result<policy::Config> config = policy::load_config(build_info::kConfigDir);
  if (!config) return std::move(config).error();
  return GovernedCall(call, argv, *std::move(config)).run();
}

}  // namespace runward

// SPDX-License-Identifier: Apache-2.0
#include "shim/running_container.h"

#include "runward_build_info.h"
#include "shim/decide.h"
#include "shim/policy/select.h"
#include "shim/policy/store.h"
#include "shim/runtime/low_level.h"

namespace runward {
namespace {

Error not_ours(const runtime::Invocation& call, std::string_view why) {
  return make_error(ErrorKind::policy, "'" + call.command_name + "' is refused for container '" + call.container_id +
                                           "', " + std::string(why) +
                                           ": remove it and start it anew, or use the runtime that started it");
}

// Docker's classic builder enters no step, changes no limit of one and makes no checkpoint. Who does, has made a
// container that only looks like a step, and a step is all that he gets.
Status check_may_be_called(const runtime::Invocation& call, const state::Decision& decision) {
  if (decision.selected != policy::kClassicBuildStep) return ok();
  return make_error(ErrorKind::policy,
                    "'" + call.command_name + "' is refused for container '" + call.container_id +
                        "', which was taken for " + policy::kClassicBuildStep +
                        " as it was started by its image's id and without a log: start it by its image's name, or drop "
                        "--log-driver none");
}

// The container may be another one of the same name, made by somebody else after ours was gone.
bool is_of_this_container(const state::Decision& decision) {
  const auto document = state::identify(decision.bundle + "/" + kDocument);
  return document && *document == decision.document;
}

Result<std::optional<RunningContainer>> find_container(const runtime::Invocation& call, const policy::Config& config) {
  SHIM_TRY(auto decision, state::Decisions(build_info::kStateDir).find(call.root, call.container_id));
  const bool is_ours = decision && is_of_this_container(*decision);
  if (!is_ours && config.mode == policy::Mode::enforce)
    return not_ours(call,
                    decision ? "whose config.json is not the one that runward wrote" : "which runward did not start");
  if (!is_ours) return std::optional<RunningContainer>{};
  SHIM_TRY(policy::Policy policy, policy::policy_from_text(decision->policy));
  return std::optional<RunningContainer>({.decision = *std::move(decision), .policy = std::move(policy)});
}

void describe(harden::EventContext& event, const RunningContainer& container) {
  event.image = container.decision.image;
  event.bundle = container.decision.bundle;
  event.profile = container.policy.profile;
  event.selected = container.decision.selected;
  event.policy_hash = container.decision.policy_hash;
}

}  // namespace

Error govern_running(const runtime::Invocation& call, const Argv& argv, const policy::Config& config,
                     const Prepare& prepare) {
  EventWriter event(call, config.events);
  const auto low_level = runtime::find_low_level(config.runtime, search_path());
  if (!low_level) return event.failed(low_level.error());
  const auto container = find_container(call, config);
  if (!container) return event.failed(container.error());
  if (!*container) return runtime::exec_low_level(*low_level, argv);
  describe(event.context, **container);
  if (config.mode == policy::Mode::enforce)
    if (auto allowed = check_may_be_called(call, (*container)->decision); !allowed)
      return event.failed(allowed.error());
  const Result<Argv> prepared = prepare(**container, event);
  return prepared ? runtime::exec_low_level(*low_level, *prepared) : event.failed(prepared.error());
}

Status settle(const harden::Report& report, const policy::Policy& policy, EventWriter& event) {
  SHIM_CHECK(event.decided(report, policy));
  if (report.refused()) return make_error(ErrorKind::policy, harden::refusal_message(report, policy));
  return ok();
}

}  // namespace runward

// SPDX-License-Identifier: Apache-2.0
#include "shim/ctl/explain.h"

#include <algorithm>
#include <cstdlib>

#include "runward_build_info.h"
#include "shim/base/file.h"
#include "shim/ctl/containers.h"
#include "shim/ctl/decisions.h"
#include "shim/ctl/event_log.h"
#include "shim/ctl/table.h"
#include "shim/harden/event.h"
#include "shim/oci/parse.h"
#include "shim/runtime/low_level.h"
#include "shim/userns/stage.h"
#include "shim/userns/staging_folder.h"

namespace runward::ctl {
namespace {

std::optional<host::RuntimeFeatures> features_of(const std::string& runtime) {
  const char* const path = std::getenv("PATH");
  const auto low_level = runtime::find_low_level(runtime, path == nullptr ? "" : path);
  return low_level ? known_features(low_level->path) : std::nullopt;
}

struct Ruling {
  policy::Choice choice;
  policy::Policy policy;
  std::vector<std::string> notes;
};

Result<policy::Choice> choice_for(const Question& question, const policy::Config& config, const oci::Value& document) {
  if (question.profile) return policy::Choice{.profile = *question.profile, .reason = "--profile"};
  return choose_profile(config, question.call, oci::Spec(document));
}

Result<Ruling> ruling_of_today(const Question& question, const policy::Config& config, const oci::Value& document) {
  SHIM_TRY(policy::Choice choice, choice_for(question, config, document));
  SHIM_TRY(policy::Policy policy, policy::load_policy(question.config_dir, choice.profile, config));
  return Ruling{.choice = std::move(choice), .policy = std::move(policy), .notes = {}};
}

Result<Ruling> ruling_for(const Question& question, const policy::Config& config, const oci::Value& document) {
  auto today = ruling_of_today(question, config, document);
  if (!question.kept || question.profile) return today;
  SHIM_TRY(policy::Policy policy, policy::policy_from_text(question.kept->policy));
  policy::Choice choice{.profile = policy.profile, .reason = question.kept->selected};
  Ruling ruling{.choice = std::move(choice), .policy = std::move(policy), .notes = {}};
  if (!today || today->policy.hash != ruling.policy.hash)
    ruling.notes.push_back("the container runs under the policy it was started with; for a new one it would be " +
                           (today ? "profile '" + today->choice.profile + "' (" + today->policy.hash + ")"
                                  : "refused: " + today.error().message));
  return ruling;
}

// What would be prepared for the container, or was, as far as it can be found out now.
host::Staging staging_of(const Question& question, const policy::Config& config, Ruling& ruling,
                         const oci::Value& document) {
  const userns::Owner owner{.runtime_root = state::resolved_root(question.call.runtime_root),
                            .container = question.call.container_id};
  const userns::Ranges ranges(build_info::kStateDir, config.id_pool);
  const auto stage = userns::Stage::prepare({.spec = oci::Spec(document),
                                             .policy = ruling.policy,
                                             .ranges = ranges,
                                             .owner = owner,
                                             .bundle = question.bundle,
                                             .folder = userns::staging_folder(build_info::kStateDir, owner),
                                             .only_look = true});
  if (!stage) {
    ruling.notes.push_back("its user namespace and mounts could not be tried: " + stage.error().message);
    return {};
  }
  host::Staging staging = stage->facts();
  if (question.kept && question.kept->users && staging.user_namespace) {
    staging.user_namespace->first = question.kept->users->first;
    staging.user_namespace->size = question.kept->users->size;
  }
  return staging;
}

std::optional<state::Decision> kept_for(const std::string& bundle) {
  std::vector<state::Decision> all = state::Decisions(build_info::kStateDir).list();
  const auto found = std::ranges::find(all, bundle, &state::Decision::bundle);
  return found == all.end() ? std::nullopt : std::optional(std::move(*found));
}

oci::Value rules_of(const harden::Report& report, const std::string& profile) {
  oci::Value rules = oci::Value::array();
  for (const harden::Outcome& outcome : report.outcomes)
    rules.push_back(without_secrets(harden::to_json(outcome, profile)));
  return rules;
}

// The bundle's own document, unless another profile was asked for.
Result<oci::Value> actual_of(const Question& question, const oci::Value& hardened, Explanation& explanation) {
  if (!question.actual) {
    explanation.notes.emplace_back("runward has not hardened this bundle: actual is what it would be");
    return hardened;
  }
  if (question.profile) return hardened;
  SHIM_TRY(oci::Value actual, parse_spec(*question.actual, kDocument));
  if (actual != hardened)
    explanation.notes.emplace_back(
        "the bundle's config.json is not what the rules make of it now: policy, runward or host changed since");
  return actual;
}

Result<std::optional<std::string>> read_if_there(const UniqueFd& directory, const std::string& name) {
  const auto fd = open_regular(directory.get(), name);
  if (!fd && fd.error().code == std::errc::no_such_file_or_directory) return std::optional<std::string>{};
  if (!fd) return fd.error();
  SHIM_TRY(std::string text, read_all(*fd, oci::ParseLimits().max_bytes, name));
  return std::optional<std::string>(std::move(text));
}

Result<Explanation> explain_bundle(const std::string& bundle, const Given& given) {
  SHIM_TRY(const UniqueFd directory, open_directory(bundle));
  SHIM_TRY(auto document, read_if_there(directory, kDocument));
  if (!document) return make_error(ErrorKind::io, "no config.json in '" + bundle + "'");
  SHIM_TRY(auto original, read_if_there(directory, kOriginal));
  BundleFacts facts = facts_of_bundle(bundle);
  const bool is_hardened = original.has_value();
  return explain_documents({.config_dir = config_dir(given),
                            .profile = given.value("profile"),
                            .call = {.runtime_name = given.value("runtime-name").value_or(facts.runtime_name),
                                     .runtime_root = facts.runtime_root,
                                     .container_id = facts.container_id,
                                     .flags = {},
                                     .command = "run",  // the question is whether the bundle is BuildKit's
                                     .bundle = bundle},
                            .bundle = bundle,
                            .asked = is_hardened ? *std::move(original) : *document,
                            .actual = is_hardened ? std::move(document) : std::nullopt,
                            .kept = kept_for(bundle)});
}

Result<Explanation> explain_container(const std::string& wanted, const Given& given) {
  SHIM_TRY(const policy::Config config, policy::load_config(config_dir(given)));
  SHIM_TRY(const Container container, find_container(config.events.file, wanted));
  if (!open_directory(container.bundle)) {
    if (container.event) return explain_event(*container.event);
    return make_error(ErrorKind::io, "the bundle '" + container.bundle + "' is gone");
  }
  SHIM_TRY(Explanation explanation, explain_bundle(container.bundle, given));
  explanation.container = container.id;
  explanation.name = container.name;
  return explanation;
}

std::string head(const Explanation& explanation) {
  const std::string name = explanation.name.empty() ? "" : " (" + printable(explanation.name) + ")";
  Table table;
  table.rows = {{"container", printable(explanation.container) + name},
                {"bundle", printable(explanation.bundle)},
                {"profile", printable(explanation.profile) + ", selected by " + printable(explanation.selected)},
                {"policy", printable(explanation.policy_hash)},
                {"verdict", explanation.refused ? emphasise("refused", Emphasis::wrong) : "allowed"}};
  std::string text = render(table);
  for (const std::string& note : explanation.notes) text += "note: " + note + "\n";
  return text;
}

std::string side_by_side(const std::vector<SummaryRow>& summary) {
  constexpr std::size_t kWidest = 44;
  Table table{.header = {"", "ASKED", "ACTUAL"}, .rows = {}, .widest = kWidest};
  for (const SummaryRow& row : summary) {
    table.rows.push_back({std::string(row.name), row.asked, row.asked == row.actual ? "the same" : row.actual});
  }
  return render(table);
}

}  // namespace

Result<Explanation> explain_documents(const Question& question) {
  SHIM_TRY(const policy::Config config, policy::load_config(question.config_dir));
  SHIM_TRY(const oci::Value asked, parse_spec(question.asked, question.actual ? kOriginal : kDocument));
  SHIM_TRY(Ruling ruling, ruling_for(question, config, asked));
  oci::Value hardened = asked;
  host::Staging staging = staging_of(question, config, ruling, asked);
  SHIM_TRY(const Decision decision, decide(
                                        question.call, ruling.policy, hardened,
                                        [&] { return features_of(config.runtime); }, std::move(staging)));
  Explanation explanation{.container = question.call.container_id,
                          .name = {},
                          .bundle = question.bundle,
                          .profile = ruling.choice.profile,
                          .selected = ruling.choice.reason,
                          .policy_hash = ruling.policy.hash,
                          .refused = decision.report.refused(),
                          .summary = {},
                          .rules = rules_of(decision.report, ruling.choice.profile),
                          .notes = std::move(ruling.notes)};
  SHIM_TRY(const oci::Value actual, actual_of(question, hardened, explanation));
  explanation.summary = summarise(oci::Spec(asked), oci::Spec(actual));
  return explanation;
}

Explanation explain_event(const oci::Value& event) {
  const oci::Value* const rules = oci::find(event, std::string_view("rules"));
  Explanation explanation{.container = text_of(event, "container"),
                          .name = {},
                          .bundle = text_of(event, "bundle"),
                          .profile = text_of(event, "profile"),
                          .selected = text_of(event, "selected"),
                          .policy_hash = text_of(event, "policy_hash"),
                          .refused = text_of(event, "decision") != "allowed",
                          .summary = {},
                          .rules = rules != nullptr && rules->is_array() ? *rules : oci::Value::array(),
                          .notes = {"the bundle is gone; this is the event of " + printable(text_of(event, "time"))}};
  if (const std::string message = text_of(event, "message"); !message.empty())
    explanation.notes.push_back(printable(message));
  return explanation;
}

std::string describe(const Explanation& explanation) {
  std::string text = head(explanation);
  if (!explanation.summary.empty()) text += "\n" + side_by_side(explanation.summary);
  const std::string rules = describe_rules(explanation.rules);
  return text + "\n" + (rules.empty() ? "no rule changed anything\n" : rules);
}

oci::Value to_json(const Explanation& explanation) {
  oci::Value summary = oci::Value::array();
  for (const SummaryRow& row : explanation.summary)
    summary.push_back({{"name", row.name}, {"asked", row.asked}, {"actual", row.actual}});
  return {{"container", explanation.container},
          {"name", explanation.name},
          {"bundle", explanation.bundle},
          {"profile", explanation.profile},
          {"selected", explanation.selected},
          {"policy_hash", explanation.policy_hash},
          {"decision", explanation.refused ? "refused" : "allowed"},
          {"summary", std::move(summary)},
          {"rules", explanation.rules},
          {"notes", explanation.notes}};
}

Result<int> run_explain(const Given& given) {
  const auto bundle = given.value("bundle");
  if (given.arguments().size() + (bundle ? 1U : 0U) != 1)
    return make_error(ErrorKind::usage, "explain takes either a CONTAINER or --bundle DIR");
  SHIM_TRY(const Explanation explanation,
           bundle ? explain_bundle(*bundle, given) : explain_container(given.arguments()[0], given));
  print(given.has("json") ? to_json(explanation).dump(2, ' ', false, oci::Value::error_handler_t::replace) + "\n"
                          : describe(explanation));
  return explanation.refused ? kExitProblem : kExitOk;
}

}  // namespace runward::ctl

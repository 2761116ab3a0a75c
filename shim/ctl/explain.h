// SPDX-License-Identifier: Apache-2.0
#pragma once

// `runwardctl explain`: what an engine asked for and what a container got, side by side, and every change with its rule
// and its reason.
//
//   SHIM_TRY(const Explanation explanation, explain_documents(question));
//   print(describe(explanation));

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "shim/ctl/command.h"
#include "shim/ctl/summary.h"
#include "shim/decide.h"
#include "shim/state/decisions.h"

namespace runward::ctl {

struct Question {
  std::string config_dir;
  std::optional<std::string> profile;  // in place of the one that would be selected
  CallFacts call;
  std::string bundle;
  std::string asked;                  // the engine's document, as text
  std::optional<std::string> actual;  // what the low-level runtime got; absent: runward never saw this bundle
  // The decision that the container runs under; absent: it does not run.
  std::optional<state::Decision> kept = std::nullopt;
};

struct Explanation {
  std::string container;
  std::string name;
  std::string bundle;
  std::string profile;
  std::string selected;  // why this profile
  std::string policy_hash;
  bool refused = false;
  std::vector<SummaryRow> summary;
  oci::Value rules;                // as in an event
  std::vector<std::string> notes;  // what a reader should know about how this came about
};

// Runs the rules again, under the policy that the container was started with, else today's, and with the host as it is
// now.
Result<Explanation> explain_documents(const Question& question);

// All that is left of a container whose bundle is gone, as that of a refused one.
Explanation explain_event(const oci::Value& event);

std::string describe(const Explanation& explanation);
oci::Value to_json(const Explanation& explanation);

Result<int> run_explain(const Given& given);

inline constexpr std::array kExplainOptions = {
    OptionRow{"bundle", "DIR", "the bundle in DIR in place of a container's"},
    OptionRow{"profile", "NAME", "what this hardening profile would make of it"},
    OptionRow{"runtime-name", "NAME", "as if the engine had called runward by NAME"},
    kJsonOption,
    kConfigDirOption,
};
inline constexpr Command kExplainCommand{.name = "explain",
                                         .summary = "show what a container asked for, what it got, and why",
                                         .argument = "CONTAINER",
                                         .options = kExplainOptions,
                                         .run = &run_explain};

}  // namespace runward::ctl

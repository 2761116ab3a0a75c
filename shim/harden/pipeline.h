// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ordered table of steps, and the one function that runs it over a document.
//
//   SHIM_TRY(const Report report, harden(oci::Document::spec, document, context));
//   if (report.refused()) return refuse(refusal_message(report, policy));
//
// To add a step: its file in steps/, its line in steps/steps.h, its row in pipeline.cc. The order matters: what a step
// reads must have been hardened by those above it (seccomp after capabilities).

#include <span>
#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/harden/step.h"
#include "shim/oci/shape.h"

namespace runward::harden {

std::span<const Step> step_table();

// What one rule decided, with pointers from the root of the document.
struct Outcome {
  policy::RuleId rule;
  policy::Mode mode;
  Verdict verdict;
};

struct Report {
  std::vector<Outcome> outcomes;  // of rules that had something to say, in the order of the table

  // A violation of a rule in mode enforce: the container must not start.
  [[nodiscard]] bool refused() const;
};

// Changes `document` by what the rules in mode enforce decide. An error only for a bug of ours: a step that touches
// what it did not declare.
Result<Report> harden(oci::Document kind, oci::Value& document, const Context& context);

// For a call that carries no document.
Report judge_call(const Context& context);

// The sentence for the engine: the first violation, and the other rules that refuse.
std::string refusal_message(const Report& report, const policy::Policy& policy);
std::string message(const Finding& finding, policy::RuleId rule, const std::string& profile);

// Whether a step will want Context::seccomp_baseline, so that it is read only then.
bool wants_seccomp_baseline(const oci::Value& spec, const policy::Policy& policy);

void apply(oci::Value& document, const Change& change);

}  // namespace runward::harden

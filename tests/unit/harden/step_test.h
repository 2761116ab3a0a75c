// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the tests of single steps share: a context around a policy and facts that stand in the test, and the document
// after the verdict.
//
//   Bench bench;
//   bench.policy.oom_score_min = 0;
//   EXPECT_THAT(bench.refusals(limit_oom_score, {{"oomScoreAdj", -1}}), ElementsAre(HasSubstr("-1")));

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

#include "shim/harden/pipeline.h"
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {

using oci::Value;
using policy::OnExcess;
using policy::RuleId;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

struct Bench {
  policy::Policy policy;
  host::HostFacts host;
  Call call;
  std::optional<seccomp::Template> baseline;
  std::optional<seccomp::Template> logged_within{};
  bool logs_allowed = false;
  const oci::Process* first = nullptr;

  [[nodiscard]] Context context() const {
    return {.policy = policy,
            .host = host,
            .call = call,
            .seccomp_baseline = baseline ? &*baseline : nullptr,
            .seccomp_logged_within = logged_within ? &*logged_within : nullptr,
            .seccomp_logs_allowed = logs_allowed,
            .first = first};
  }
  void strips(RuleId rule) { policy.rule(rule).on_excess = OnExcess::strip; }

  template <typename View>
  [[nodiscard]] Verdict verdict(Verdict (*step)(const View&, const Context&), const Value& document) const {
    return step(View(document), context());
  }
  template <typename View>
  [[nodiscard]] Value after(Verdict (*step)(const View&, const Context&), const Value& document) const {
    Value changed = document;
    for (const Change& change : verdict(step, document).changes) apply(changed, change);
    return changed;
  }
  // What each violation says was asked for.
  template <typename View>
  [[nodiscard]] std::vector<std::string> refusals(Verdict (*step)(const View&, const Context&),
                                                  const Value& document) const {
    std::vector<std::string> all;
    for (const Finding& finding : verdict(step, document).findings)
      if (finding.severity == Severity::violation) all.push_back(finding.what);
    return all;
  }
};

inline std::vector<std::string> strings(const Value& list) { return list.get<std::vector<std::string>>(); }

}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
// The five promises of harden/step.h: every step × every golden document × random documents × policies × hosts.
// RUNWARD_PROPERTY_SEED and RUNWARD_PROPERTY_COUNT choose other random documents; a failure names its seed.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "shim/runtime/log_file.h"
#include "tests/property/access.h"
#include "tests/property/corpus.h"
#include "tests/property/random_document.h"

namespace runward::property {
namespace {

using harden::Change;
using harden::Operation;
using harden::Step;
using harden::Verdict;
using oci::Value;
using policy::Mode;
using policy::OnExcess;

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::uint64_t first_seed() {
  static const std::uint64_t kSeed = [] {
    const auto seed = number_from_environment("RUNWARD_PROPERTY_SEED", 20261122);
    std::cout << "RUNWARD_PROPERTY_SEED=" << seed << "\n";
    return seed;
  }();
  return kSeed;
}
std::uint64_t random_count() { return number_from_environment("RUNWARD_PROPERTY_COUNT", 500); }

// The container that an exec or an update is for.
constexpr std::uint64_t kQuotaNow = 50'000;
constexpr std::uint64_t kPeriodNow = 100'000;
const oci::Process& first_process() {
  static const Value kCapabilities = {"CAP_CHOWN", "CAP_KILL", "CAP_SETUID"};
  static const Value kValue = {
      {"capabilities", {{"bounding", kCapabilities}, {"effective", kCapabilities}, {"permitted", kCapabilities}}},
      {"noNewPrivileges", true},
      {"apparmorProfile", "docker-default"},
      {"oomScoreAdj", 100},
      {"rlimits", {{{"type", "RLIMIT_NOFILE"}, {"soft", 100}, {"hard", 200}}}}};
  static const oci::Process kProcess(kValue);
  return kProcess;
}

struct Case {
  std::string title;
  std::string engine;
  oci::Document kind = oci::Document::spec;
  const Value* document = nullptr;
  const NamedPolicy* policy = nullptr;
  HostKind host = HostKind::sane;
  host::HostFacts facts;

  // Every other host kind looks at processes as an exec's and at resources as an update's.
  [[nodiscard]] bool container_runs() const { return kind != oci::Document::spec && host != HostKind::sane; }

  [[nodiscard]] harden::Context context() const {
    harden::Context context = context_of(*policy, facts);
    context.call.update = kind == oci::Document::resources && container_runs();
    if (kind == oci::Document::process && container_runs()) context.first = &first_process();
    if (host == HostKind::knows_nothing && kind == oci::Document::spec)
      context.call = {.no_pivot = true, .no_new_keyring = true, .restore = true};
    return context;
  }
};

const std::vector<RandomDocument>& random_documents() {
  static const std::vector<RandomDocument> kAll = [] {
    std::vector<RandomDocument> all;
    for (std::uint64_t i = 0; i < random_count(); ++i) all.push_back(random_document(first_seed() + i));
    return all;
  }();
  return kAll;
}

// What the judge measures by: the first process has another AppArmor profile than the policy names, and limits of its
// own.
policy::Policy measure(const Case& now) {
  policy::Policy policy = now.policy->value;
  if (now.kind != oci::Document::process || !now.container_runs()) return policy;
  policy.apparmor.profile = *first_process().apparmor_profile();
  for (const oci::Rlimit& limit : first_process().rlimits())
    policy.rlimits[limit.type] = {.soft = limit.soft, .hard = limit.hard};
  return policy;
}

host::HostFacts with_current_limits(host::HostFacts facts) {
  facts.current = host::CurrentLimits{.memory = 64 << 20, .cpu_quota = kQuotaNow, .cpu_period = kPeriodNow, .pids = 50};
  return facts;
}

Case make_case(std::string title, const std::string& engine, oci::Document kind, const Value& document,
               const NamedPolicy& policy, HostKind host) {
  const Value spec = kind == oci::Document::spec ? document : Value::object();
  return {.title = std::move(title) + " under " + policy.name + ", host " + std::to_string(static_cast<int>(host)),
          .engine = engine,
          .kind = kind,
          .document = &document,
          .policy = &policy,
          .host = host,
          .facts = with_current_limits(facts_for(spec, engine, host))};
}

// Golden documents with every policy, random ones too; the hosts take turns.
void for_each_case(const std::function<void(const Case&)>& action) {
  std::size_t turn = 0;
  for (const GoldenDocument& golden : golden_documents_with_short_filters())
    for (const NamedPolicy& policy : policies())
      action(make_case(golden.title(), golden.engine, golden.kind, golden.value, policy, kHostKinds[turn++ % 3]));
  for (const RandomDocument& random : random_documents())
    for (const NamedPolicy& policy : policies())
      action(make_case("seed " + std::to_string(random.seed), random.engine, random.kind, random.value, policy,
                       kHostKinds[turn++ % 3]));
}

// Where a step's view begins; nothing when it does not look at such a document.
std::optional<oci::Pointer> view_pointer(const Step& step, oci::Document kind) {
  const auto whole_if = [](bool looks) { return looks ? std::optional(oci::Pointer()) : std::nullopt; };
  if (kind == oci::Document::process) return whole_if(step.on_process != nullptr);
  if (kind == oci::Document::resources) return whole_if(step.on_resources != nullptr);
  if (step.on_spec != nullptr) return oci::Pointer();
  return oci::Pointer(step.on_process != nullptr ? "/process" : "/linux/resources");
}

// What a step sees in a document of that kind.
enum class View { spec, process, resources };
View view_kind(const Step& step, oci::Document kind) {
  if (kind == oci::Document::process) return View::process;
  if (kind == oci::Document::resources) return View::resources;
  if (step.on_spec != nullptr) return View::spec;
  return step.on_process != nullptr ? View::process : View::resources;
}

Verdict run(const Step& step, const Case& now, const Value& view) {
  switch (view_kind(step, now.kind)) {
    case View::spec:
      return step.on_spec(oci::Spec(view), now.context());
    case View::process:
      return step.on_process(oci::Process(view), now.context());
    case View::resources:
      return step.on_resources(oci::LinuxResources(view), now.context());
  }
  return {};
}

const Value& view_of(const Value& document, const oci::Pointer& pointer) {
  static const Value kEmpty = Value::object();
  const Value* const found = oci::find(document, pointer);
  return found == nullptr ? kEmpty : *found;
}

void for_each_step(const Case& now, const std::function<void(const Step&, const Value& view)>& action) {
  for (const Step& step : harden::step_table())
    if (const auto pointer = view_pointer(step, now.kind)) action(step, view_of(*now.document, *pointer));
}

std::string title(const Case& now, const Step& step) { return std::string(name_of(step.rule)) + " on " + now.title; }

Value changed(const Value& view, const Verdict& verdict) {
  Value after = view;
  for (const Change& change : verdict.changes) apply(after, change);
  return after;
}

// What an update leaves: 0 and what is absent stays as it was.
Value in_force_after(const Value& update) {
  Value resources = {{"memory", {{"limit", 64 << 20}, {"swap", 64 << 20}, {"reservation", 32 << 20}}},
                     {"cpu", {{"quota", kQuotaNow}, {"period", kPeriodNow}}},
                     {"pids", {{"limit", 50}}}};
  for (const auto& [group, members] : update.items()) {
    if (!members.is_object()) continue;
    for (const auto& [name, value] : members.items())
      if (value != 0) resources[group][name] = value;
  }
  // The kernel refuses a longer one (sched-bwc.rst).
  constexpr std::uint64_t kLongestPeriod = 1'000'000;
  Value& period = resources["cpu"]["period"];
  if (period > kLongestPeriod) period = kLongestPeriod;
  return resources;
}

// The view as a whole spec, for the judge.
Value as_spec(View kind, const Case& now, const Value& view) {
  if (kind == View::process) return {{"process", view}};
  if (kind == View::resources)
    return {{"linux", {{"resources", now.context().call.update ? in_force_after(view) : view}}}};
  return view;
}

bool same(const Verdict& a, const Verdict& b) {
  const auto same_finding = [](const harden::Finding& x, const harden::Finding& y) {
    return x.severity == y.severity && x.where == y.where && x.what == y.what && x.advice == y.advice;
  };
  const auto same_change = [](const Change& x, const Change& y) {
    return x.operation == y.operation && x.where == y.where && x.before == y.before && x.after == y.after &&
           x.reason == y.reason;
  };
  return std::ranges::equal(a.findings, b.findings, same_finding) &&
         std::ranges::equal(a.changes, b.changes, same_change);
}

// Failures of one kind on hundreds of documents are one failure: each rule is told about twice.
class Once {
 public:
  bool first(const std::string& what) { return ++count_[what] <= 2; }

 private:
  std::map<std::string, int> count_;
};

TEST(RandomDocuments, AllHaveTheShapeOfTheirKind) {
  for (const RandomDocument& random : random_documents()) {
    const auto problems = oci::check_shape(random.value, random.kind);
    EXPECT_TRUE(problems.empty()) << "seed " << random.seed << ": " << problems.front().message;
  }
}

TEST(EveryStep, IsPureAndTotal) {
  Once once;
  for_each_case([&](const Case& now) {
    const Value copy = *now.document;
    for_each_step(now, [&](const Step& step, const Value& view) {
      const std::string rule(name_of(step.rule));
      try {
        const Verdict verdict = run(step, now, view);
        if (!same(verdict, run(step, now, view)) && once.first(rule))
          ADD_FAILURE() << title(now, step) << ": two answers to one question";
      } catch (const std::exception& error) {
        if (once.first(rule)) ADD_FAILURE() << title(now, step) << ": threw " << error.what();
      }
    });
    EXPECT_TRUE(*now.document == copy) << now.title << ": the document was changed";
  });
}

// The rest of the promises speak of steps that did not throw; the test above tells of those that did.
void for_each_verdict(const std::function<void(const Case&, const Step&, const Value&, const Verdict&)>& action) {
  for_each_case([&](const Case& now) {
    for_each_step(now, [&](const Step& step, const Value& view) {
      std::optional<Verdict> verdict;
      try {
        verdict = run(step, now, view);
      } catch (const std::exception&) {
        return;
      }
      action(now, step, view, *verdict);
    });
  });
}

TEST(EveryStep, IsIdempotent) {
  Once once;
  for_each_verdict([&](const Case& now, const Step& step, const Value& view, const Verdict& verdict) {
    if (verdict.changes.empty()) return;
    const Value after = changed(view, verdict);
    const Verdict again = run(step, now, after);
    if (!again.changes.empty() && once.first(std::string(name_of(step.rule))))
      ADD_FAILURE() << title(now, step) << ": changes its own work again at " << again.changes.front().where << " from "
                    << again.changes.front().before.value_or(Value()) << " to "
                    << again.changes.front().after.value_or(Value());
  });
}

TEST(EveryStep, LeavesADocumentOfTheSameShape) {
  Once once;
  for_each_verdict([&](const Case& now, const Step& step, const Value& view, const Verdict& verdict) {
    if (verdict.changes.empty()) return;
    const auto problems =
        oci::check_shape(as_spec(view_kind(step, now.kind), now, changed(view, verdict)), oci::Document::spec);
    if (!problems.empty() && once.first(std::string(name_of(step.rule))))
      ADD_FAILURE() << title(now, step) << ": " << problems.front().where << " " << problems.front().message;
  });
}

TEST(EveryStep, IsMonotone) {
  Once once;
  for_each_verdict([&](const Case& now, const Step& step, const Value& view, const Verdict& verdict) {
    if (verdict.changes.empty()) return;
    const auto problems = widened(as_spec(view_kind(step, now.kind), now, view),
                                  as_spec(view_kind(step, now.kind), now, changed(view, verdict)), measure(now),
                                  now.policy->seccomp_baseline);
    for (const std::string& problem : problems)
      if (once.first(std::string(name_of(step.rule)) + problem.substr(0, problem.find(' '))))
        ADD_FAILURE() << title(now, step) << " widens access: " << problem;
  });
}

TEST(EveryStep, IsLocal) {
  Once once;
  for_each_verdict([&](const Case& now, const Step& step, const Value& view, const Verdict& verdict) {
    if (verdict.changes.empty()) return;
    // Parents that were missing are made: they are no other field.
    for (const Value& difference : Value::diff(view, changed(view, verdict))) {
      const std::string path = difference["path"];
      const bool declared = std::ranges::any_of(step.touches, [&](std::string_view own) {
        const bool below = path == own || path.starts_with(std::string(own) + "/");
        const bool made_parent = difference["op"] != "remove" && std::string(own).starts_with(path + "/") &&
                                 oci::find(view, oci::Pointer(path)) == nullptr;
        return below || made_parent;
      });
      if (!declared && once.first(std::string(name_of(step.rule))))
        ADD_FAILURE() << title(now, step) << " touched " << path;
    }
  });
}

TEST(EveryStep, TellsWhatWasThereBeforeEachChange) {
  Once once;
  for_each_verdict([&](const Case& now, const Step& step, const Value& view, const Verdict& verdict) {
    for (const Change& change : verdict.changes) {
      const bool needs_after = change.operation != Operation::remove;
      const bool whole = change.after.has_value() == needs_after &&
                         (change.operation != Operation::remove || change.before.has_value());
      if (!whole && once.first(std::string(name_of(step.rule)) + "parts"))
        ADD_FAILURE() << title(now, step) << ": change at " << change.where << " lacks before or after";
      if (change.operation == Operation::insert || verdict.changes.size() > 1) continue;
      const Value* const before = oci::find(view, change.where);
      const bool told = before == nullptr ? !change.before : change.before == *before;
      if (!told && once.first(std::string(name_of(step.rule))))
        ADD_FAILURE() << title(now, step) << ": tells another value than stood at " << change.where;
    }
  });
}

// A character that ends a sentence, followed by more of it.
bool is_one_sentence(const std::string& text) { return text.find(". ") == std::string::npos && !text.ends_with('.'); }

bool is_utf8(const std::string& text) {
  try {
    return !Value(text).dump().empty();
  } catch (const Value::exception&) {
    return false;
  }
}

bool holds_forbidden_word(std::string text) {
  std::ranges::transform(text, text.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  });
  return std::ranges::any_of(runtime::kForbiddenWords,
                             [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

TEST(EveryStep, ExplainsItself) {
  constexpr std::size_t kLongest = 600;
  Once once;
  for_each_verdict([&](const Case& now, const Step& step, const Value&, const Verdict& verdict) {
    const std::string rule(name_of(step.rule));
    for (const Change& change : verdict.changes)
      if ((change.reason.empty() || change.reason.find('\n') != std::string::npos || !is_utf8(change.reason)) &&
          once.first(rule + "reason"))
        ADD_FAILURE() << title(now, step) << ": change at " << change.where << " has the reason '" << change.reason
                      << "'";
    for (const harden::Finding& finding : verdict.findings) {
      const std::string text = message(finding, step.rule, now.policy->value.profile);
      const auto expect = [&](bool holds, const char* what) {
        if (!holds && once.first(rule + what)) ADD_FAILURE() << title(now, step) << ": " << what << ": " << text;
      };
      expect(!finding.what.empty() && !finding.advice.empty(), "what or advice missing");
      expect(text.find("rule " + rule) != std::string::npos, "rule missing");
      expect(text.find("'" + now.policy->value.profile + "'") != std::string::npos, "profile missing");
      expect(text.find_first_of("\n\r\x1b") == std::string::npos, "more than one line");
      expect(is_utf8(text), "no UTF-8");
      expect(text.size() <= kLongest, "too long");
      expect(is_one_sentence(finding.advice), "more than one sentence");
      expect(!holds_forbidden_word(runtime::presentable(text)), "forbidden word after presentable()");
      const bool from_engine = !now.title.starts_with("seed ");
      if (from_engine) expect(!holds_forbidden_word(text), "forbidden word");
    }
  });
}

TEST(Pipeline, HardensEveryDocumentWithoutError) {
  Once once;
  for_each_case([&](const Case& now) {
    Value document = *now.document;
    try {
      const auto report = harden::harden(now.kind, document, now.context());
      if (!report && once.first(report.error().message)) ADD_FAILURE() << now.title << ": " << report.error().message;
    } catch (const std::exception& error) {
      if (once.first(error.what())) ADD_FAILURE() << now.title << ": threw " << error.what();
    }
  });
}

TEST(Pipeline, IsIdempotentAndMonotoneAsAWhole) {
  Once once;
  for_each_case([&](const Case& now) {
    Value first = *now.document;
    try {
      if (!harden::harden(now.kind, first, now.context())) return;
      Value second = first;
      const auto report = harden::harden(now.kind, second, now.context());
      if (second != first && once.first("idempotent"))
        ADD_FAILURE() << now.title << ": hardened twice differs by " << Value::diff(first, second).dump();
      if (report)
        for (const harden::Outcome& outcome : report->outcomes)
          for (const Change& change : outcome.verdict.changes)
            if (outcome.mode == Mode::enforce && once.first(std::string(name_of(outcome.rule))))
              ADD_FAILURE() << now.title << ": rule " << name_of(outcome.rule) << " changes " << change.where
                            << " again";
    } catch (const std::exception&) {
      return;
    }
    const auto wrap = [&](const Value& value) -> Value {
      if (now.kind == oci::Document::spec) return value;
      return as_spec(now.kind == oci::Document::process ? View::process : View::resources, now, value);
    };
    for (const std::string& problem :
         widened(wrap(*now.document), wrap(first), measure(now), now.policy->seccomp_baseline))
      if (once.first(problem.substr(0, problem.find(' ')))) ADD_FAILURE() << now.title << " widens access: " << problem;
  });
}

TEST(Pipeline, KeepsUnknownFields) {
  for (const GoldenDocument& golden : golden_documents()) {
    if (golden.kind != oci::Document::spec) continue;
    Value document = golden.value;
    const Value unknown = {{"deep", Value::array({1, UINT64_MAX, -1, 0.25, nullptr, "x"})}};
    for (const char* where : {"/unheardOf", "/process/unheardOf", "/linux/unheardOf", "/root/unheardOf",
                              "/linux/resources/unheardOf", "/process/user/unheardOf"})
      oci::set(document, oci::Pointer(where), unknown);
    const auto facts = facts_for(document, golden.engine, HostKind::sane);
    ASSERT_TRUE(harden::harden(oci::Document::spec, document, context_of(policy_named("default"), facts)));
    for (const char* where : {"/unheardOf", "/process/unheardOf", "/linux/unheardOf", "/root/unheardOf",
                              "/linux/resources/unheardOf", "/process/user/unheardOf"})
      EXPECT_EQ(document.at(oci::Pointer(where)), unknown) << golden.title() << " " << where;
  }
}

TEST(Pipeline, ChangesNothingInAGoldenDocumentWhenEveryRuleIsOff) {
  const NamedPolicy off = with_mode(policy_named("default"), Mode::off);
  for (const GoldenDocument& golden : golden_documents()) {
    Value document = golden.value;
    const auto facts = facts_for(document, golden.engine, HostKind::sane);
    ASSERT_TRUE(harden::harden(golden.kind, document, context_of(off, facts)));
    EXPECT_TRUE(document == golden.value) << golden.title();
  }
}

TEST(Pipeline, ChangesNothingWhenEveryRuleIsOff) {
  for (const NamedPolicy& policy : policies()) {
    const NamedPolicy off = with_mode(policy, Mode::off);
    for_each_case([&](const Case& now) {
      if (now.policy != &policies().front()) return;
      Value document = *now.document;
      const auto report = harden::harden(now.kind, document, context_of(off, now.facts));
      ASSERT_TRUE(report);
      EXPECT_TRUE(report->outcomes.empty()) << now.title;
      EXPECT_EQ(document, *now.document) << now.title;
    });
  }
}

TEST(Pipeline, AuditChangesNothingAndRefusesNothing) {
  for (const NamedPolicy& policy : policies()) {
    const NamedPolicy audit = with_mode(policy, Mode::audit);
    for (const GoldenDocument& golden : golden_documents()) {
      Value document = golden.value;
      const auto facts = facts_for(document, golden.engine, HostKind::sane);
      const auto report = harden::harden(golden.kind, document, context_of(audit, facts));
      ASSERT_TRUE(report);
      EXPECT_FALSE(report->refused()) << golden.title();
      EXPECT_EQ(document, golden.value) << golden.title();
    }
  }
}

// Where rules refuse and do not rewrite what later ones look at, audit tells exactly what enforce would.
TEST(Pipeline, AuditReportsTheFindingsOfEnforce) {
  const NamedPolicy enforce = with_mode(policy_named("default"), Mode::enforce);
  const NamedPolicy audit = with_mode(policy_named("default"), Mode::audit);
  for (const GoldenDocument& golden : golden_documents()) {
    auto facts = facts_for(golden.value, golden.engine, HostKind::sane);
    facts.staging = {};  // its mounts are counted behind those that the rule rootfs adds
    Value one = golden.value;
    Value other = golden.value;
    const auto enforced = harden::harden(golden.kind, one, context_of(enforce, facts));
    const auto audited = harden::harden(golden.kind, other, context_of(audit, facts));
    ASSERT_TRUE(enforced && audited);
    ASSERT_EQ(enforced->outcomes.size(), audited->outcomes.size()) << golden.title();
    for (std::size_t i = 0; i < enforced->outcomes.size(); ++i) {
      EXPECT_EQ(name_of(enforced->outcomes[i].rule), name_of(audited->outcomes[i].rule)) << golden.title();
      EXPECT_TRUE(same(enforced->outcomes[i].verdict, audited->outcomes[i].verdict))
          << golden.title() << " " << name_of(enforced->outcomes[i].rule);
    }
  }
}

}  // namespace
}  // namespace runward::property

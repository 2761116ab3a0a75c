// SPDX-License-Identifier: Apache-2.0
// Any document that has the shape of a Spec, a Process or LinuxResources, under a policy and facts that the first bytes
// choose: hardening never fails, and a second time changes nothing.
//   tests/fuzz/run.sh            builds it and runs it with the golden documents as seeds; then, for longer:
//   build/fuzz/harden_fuzz -max_total_time=600 build/fuzz/corpus/harden_fuzz

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "shim/harden/pipeline.h"
#include "shim/oci/parse.h"
#include "shim/policy/store.h"

namespace {

using namespace runward;

const policy::Policy& policy_for(std::uint8_t choice) {
  static const policy::Policy kDefault = *policy::load_policy("/nonexistent", "default", policy::Config());
  static const policy::Policy kStrict = *policy::load_policy("/nonexistent", "strict", policy::Config());
  static const policy::Policy kStrip = [] {
    policy::Policy strip = kStrict;
    for (auto& rule : strip.rules) rule = {.mode = policy::Mode::enforce, .on_excess = policy::OnExcess::strip};
    return strip;
  }();
  if (choice % 3 == 0) return kDefault;
  return choice % 3 == 1 ? kStrict : kStrip;
}

const seccomp::Template& baseline() {
  static const seccomp::Template kBaseline =
      *seccomp::parse_template(policy::load_seccomp(policy_for(0))->json, "seccomp.json");
  return kBaseline;
}

host::HostFacts facts_for(std::uint8_t choice, const oci::Spec& spec) {
  host::HostFacts facts;
  facts.memory_bytes = std::uint64_t{choice} << 28U;
  facts.cpu_count = choice;
  facts.swap_accounting = (choice & 1U) != 0;
  facts.apparmor_enabled = facts.selinux_enabled = (choice & 2U) != 0;
  facts.engine_namespace = (choice & 4U) != 0 ? "moby" : "";
  if ((choice & 8U) != 0) facts.runtime_features = host::RuntimeFeatures{.namespaces = {}, .seccomp_flags = {}};
  if ((choice & 16U) != 0)
    for (const oci::Mount& mount : spec.mounts()) facts.mount_sources[mount.source].resolved = mount.source;
  return facts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  auto document = oci::parse(text, "config.json", {.max_bytes = 1U << 20U, .max_depth = 64, .comments = false});
  if (!document || !document->is_object()) return 0;
  for (const oci::Document kind : {oci::Document::spec, oci::Document::process, oci::Document::resources}) {
    if (!oci::check_shape(*document, kind).empty()) continue;
    const oci::Value empty = oci::Value::object();
    const auto facts = facts_for(data[1], oci::Spec(kind == oci::Document::spec ? *document : empty));
    const harden::Context context{
        .policy = policy_for(data[0]), .host = facts, .call = {}, .seccomp_baseline = &baseline()};
    oci::Value once = *document;
    const auto report = harden::harden(kind, once, context);
    if (!report) std::abort();
    if (report->refused() && harden::refusal_message(*report, context.policy).empty()) std::abort();
    oci::Value twice = once;
    if (!harden::harden(kind, twice, context) || twice != once) std::abort();
  }
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "shim/harden/engine_defaults.h"
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

void add_missing(oci::Strings& list, std::string_view path) {
  if (std::ranges::find(list, path) == list.end()) list.emplace_back(path);
}

template <typename Engine>
oci::Value joined(const oci::Strings& given, const Engine& engine, const std::vector<std::string>& ours) {
  oci::Strings list = given;
  for (const std::string_view path : engine) add_missing(list, path);
  for (const std::string& path : ours) add_missing(list, path);
  return list;
}

}  // namespace

Verdict mask_paths(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  const bool nothing_masked = spec.masked_paths().empty() && spec.readonly_paths().empty();
  if (nothing_masked && ctx.engine_is_docker() && ctx.refuses(policy::RuleId::masked_paths)) {
    verdict.refuse(oci::Pointer("/linux/maskedPaths"), "a container whose system paths are not masked",
                   "drop --security-opt systempaths=unconfined");
    return verdict;
  }
  const auto& rule = ctx.policy.masked_paths;
  verdict.set(spec.value(), oci::Pointer("/linux/maskedPaths"),
              joined(spec.masked_paths(), kEngineMaskedPaths, rule.masked), "what leaks of the host is masked");
  verdict.set(spec.value(), oci::Pointer("/linux/readonlyPaths"),
              joined(spec.readonly_paths(), kEngineReadonlyPaths, rule.read_only),
              "what controls the host is read-only");
  return verdict;
}

}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/steps/steps.h"
#include "shim/policy/select.h"

namespace runward::harden::steps {

Verdict require_listed_image(const oci::Spec&, const Context& ctx) {
  Verdict verdict;
  const auto& allowed = ctx.policy.image.allowed;
  if (!ctx.host.container) {
    verdict.refuse(oci::Pointer(), "a container whose image the engine does not tell",
                   "use Docker's own image store, or set rule image to off in the profile");
    return verdict;
  }
  const auto& container = *ctx.host.container;
  const policy::SelectionInput input{.runtime_name = {},
                                     .engine_namespace = {},
                                     .build_step = policy::BuildStep::none,
                                     .annotations = {},
                                     .image = container.image,
                                     .image_id = container.image_id,
                                     .image_digests = container.image_digests,
                                     .labels = {}};
  for (const std::string& pattern : allowed)
    if (policy::image_matches(pattern, input)) return verdict;
  verdict.refuse(oci::Pointer(), "image " + quote(container.image),
                 "an administrator can add it to the rule's list 'allowed'");
  return verdict;
}

}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {

// A checkpoint's images hold credentials, seccomp filters and open files of the processes as they were: CRIU puts them
// back whatever config.json says.
Verdict refuse_restore(const oci::Spec&, const Context& ctx) {
  Verdict verdict;
  if (ctx.call.restore)
    verdict.refuse(oci::Pointer(), "restoring a checkpoint",
                   "start the container without --checkpoint, or use a profile in which rule restore is off");
  return verdict;
}

// The images hold the memory of every process, and what is made of them comes back by a restore.
Verdict refuse_checkpoint(const Context& ctx) {
  Verdict verdict;
  if (ctx.call.checkpoint) verdict.refuse(oci::Pointer(), "a checkpoint", "use a profile in which rule restore is off");
  return verdict;
}

}  // namespace runward::harden::steps

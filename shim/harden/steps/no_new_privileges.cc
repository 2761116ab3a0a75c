// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {

// PR_SET_NO_NEW_PRIVS (prctl(2)): no setuid file and no file capability gives more than the process has.
Verdict require_no_new_privileges(const oci::Process& process, const Context& ctx) {
  Verdict verdict;
  if (ctx.only_as_first(policy::RuleId::no_new_privileges) && !ctx.first->no_new_privileges()) return verdict;
  verdict.set(process.value(), oci::Pointer("/noNewPrivileges"), true, "setuid programs must not raise privileges");
  return verdict;
}

}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Namespaces that are joined by the files that hold them open, and bind mounts by the copies that were staged
// (userns/stage.h): shared by the rules mounts, for which a copy is what was checked whoever swaps folders meanwhile,
// and user-namespace, for which it has the container's ids.

#include "shim/harden/step.h"

namespace runward::harden::steps {

// The copy of a mount; nullptr: there is none, or the mount is one already.
const host::StagedMount* staged_of(const oci::Mount& mount, const Context& ctx);
// What the rule mounts knows of its source; nullptr: nothing.
const host::MountSource* checked_source(const oci::Mount& mount, const Context& ctx);

// Mounts the copy, or refuses what is not what was checked; false: refused.
bool use_staged(Verdict& verdict, const oci::Spec& spec, const oci::Mount& mount, std::size_t index,
                const host::StagedMount& staged, const Context& ctx);

// Joins what is held open, whoever has the process number in the path by now.
void join_staged(Verdict& verdict, const oci::Spec& spec, const Context& ctx);

}  // namespace runward::harden::steps

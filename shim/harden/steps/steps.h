// SPDX-License-Identifier: Apache-2.0
#pragma once

// The steps, one file each. What a rule means stands in runward-policy(5); why it does it stands in its file here.
// The table that orders them is in pipeline.cc.

#include "shim/harden/step.h"

namespace runward::harden::steps {

Verdict refuse_insane_spec(const oci::Spec& spec, const Context& ctx);
Verdict refuse_loosening_flags(const oci::Spec& spec, const Context& ctx);
Verdict refuse_exec_flags(const oci::Process& process, const Context& ctx);
Verdict refuse_restore(const oci::Spec& spec, const Context& ctx);
Verdict refuse_checkpoint(const Context& ctx);
Verdict require_listed_image(const oci::Spec& spec, const Context& ctx);
Verdict refuse_privileged(const oci::Spec& spec, const Context& ctx);
Verdict refuse_privileged_exec(const oci::Process& process, const Context& ctx);
Verdict require_own_namespaces(const oci::Spec& spec, const Context& ctx);
Verdict give_user_namespace(const oci::Spec& spec, const Context& ctx);
Verdict limit_user(const oci::Process& process, const Context& ctx);
Verdict require_no_new_privileges(const oci::Process& process, const Context& ctx);
Verdict limit_capabilities(const oci::Process& process, const Context& ctx);
Verdict require_seccomp(const oci::Spec& spec, const Context& ctx);
Verdict set_apparmor_profile(const oci::Process& process, const Context& ctx);
Verdict keep_selinux_label(const oci::Process& process, const Context& ctx);
Verdict make_rootfs_readonly(const oci::Spec& spec, const Context& ctx);
Verdict limit_mounts(const oci::Spec& spec, const Context& ctx);
Verdict pin_mounts(const oci::Spec& spec, const Context& ctx);
Verdict pin_namespaces(const oci::Spec& spec, const Context& ctx);
Verdict mask_paths(const oci::Spec& spec, const Context& ctx);
Verdict limit_devices(const oci::Spec& spec, const Context& ctx);
Verdict keep_devices(const oci::LinuxResources& resources, const Context& ctx);
Verdict limit_memory(const oci::LinuxResources& resources, const Context& ctx);
Verdict limit_cpu(const oci::LinuxResources& resources, const Context& ctx);
Verdict limit_pids(const oci::LinuxResources& resources, const Context& ctx);
Verdict limit_unified(const oci::LinuxResources& resources, const Context& ctx);
Verdict limit_rlimits(const oci::Process& process, const Context& ctx);
Verdict limit_oom_score(const oci::Process& process, const Context& ctx);
Verdict limit_sysctl(const oci::Spec& spec, const Context& ctx);
Verdict limit_cgroup_path(const oci::Spec& spec, const Context& ctx);
Verdict limit_hooks(const oci::Spec& spec, const Context& ctx);
Verdict strip_annotations(const oci::Spec& spec, const Context& ctx);
Verdict find_secrets(const oci::Process& process, const Context& ctx);

}  // namespace runward::harden::steps

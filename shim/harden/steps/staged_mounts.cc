// SPDX-License-Identifier: Apache-2.0
#include "shim/harden/steps/staged_mounts.h"

#include <algorithm>

#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

bool is_what_was_checked(const oci::Mount& mount, const host::StagedMount& staged, const Context& ctx) {
  const host::MountSource* const source = checked_source(mount, ctx);
  return source == nullptr || source->resolved.empty() || source->identity == staged.identity;
}

}  // namespace

const host::StagedMount* staged_of(const oci::Mount& mount, const Context& ctx) {
  const auto& all = ctx.host.staging.mounts;
  const auto found = std::ranges::find_if(all, [&](const host::StagedMount& one) {
    return one.source == mount.source && one.destination == mount.destination;
  });
  return found == all.end() ? nullptr : &*found;
}

const host::MountSource* checked_source(const oci::Mount& mount, const Context& ctx) {
  const auto known = ctx.host.mount_sources.find(mount.source);
  return known == ctx.host.mount_sources.end() ? nullptr : &known->second;
}

bool use_staged(Verdict& verdict, const oci::Spec& spec, const oci::Mount& mount, std::size_t index,
                const host::StagedMount& staged, const Context& ctx) {
  const oci::Pointer where = oci::Pointer("/mounts") / index;
  if (mount.is_bind() && !is_what_was_checked(mount, staged, ctx)) {
    verdict.refuse(where,
                   "the mount " + quote(mount.source) + " on " + quote(mount.destination) +
                       ", whose source was exchanged meanwhile,",
                   "leave the source alone while the container starts");
    return false;
  }
  verdict.set(spec.value(), where / "source", staged.staged,
              staged.is_idmapped ? "a copy of the mount that was checked, with the container's ids"
                                 : "a copy of the mount that was checked");
  return true;
}

void join_staged(Verdict& verdict, const oci::Spec& spec, const Context& ctx) {
  const auto entries = spec.namespaces();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& all = ctx.host.staging.namespaces;
    const auto staged = std::ranges::find(all, entries[i].path, &host::StagedNamespace::path);
    if (entries[i].path.empty() || staged == all.end()) continue;
    const oci::Pointer where = oci::Pointer("/linux/namespaces") / i;
    const auto checked = ctx.host.namespace_paths.find(entries[i].path);
    if (checked != ctx.host.namespace_paths.end() && checked->second.identity != staged->identity)
      verdict.refuse(where, "the " + quote(entries[i].type) + " namespace of a container that has ended meanwhile",
                     "start that container again first");
    else
      verdict.set(spec.value(), where / "path", staged->staged, "the namespace that was looked at, held open");
  }
}

Verdict pin_namespaces(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  join_staged(verdict, spec, ctx);
  return verdict;
}

Verdict pin_mounts(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  const auto mounts = spec.mounts();
  for (std::size_t i = 0; i < mounts.size(); ++i)
    if (const host::StagedMount* const staged = staged_of(mounts[i], ctx); staged != nullptr && mounts[i].is_bind())
      use_staged(verdict, spec, mounts[i], i, *staged, ctx);
  return verdict;
}

}  // namespace runward::harden::steps

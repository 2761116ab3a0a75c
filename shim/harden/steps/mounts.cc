// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "shim/harden/steps/steps.h"

namespace runward::harden::steps {
namespace {

using policy::RuleId;

// Edits of one mount's options, recorded as one change.
class Options {
 public:
  explicit Options(oci::Strings options) : options_(std::move(options)) {}

  // runc lets the last one win, and the recursive form ("rsuid", by mount_setattr(2)) after all others: opposites go.
  void force(const std::string& option, const std::string& opposite) {
    std::erase(options_, opposite);
    std::erase(options_, "r" + opposite);
    add(option);
  }
  void drop(std::string_view option) { std::erase(options_, option); }
  void add(const std::string& option) {
    if (std::ranges::find(options_, option) == options_.end()) options_.push_back(option);
  }
  [[nodiscard]] const oci::Strings& list() const { return options_; }

 private:
  oci::Strings options_;
};

std::string described(const oci::Mount& mount) { return quote(mount.source) + " on " + quote(mount.destination); }

oci::Pointer pointer_to(std::size_t index) { return oci::Pointer("/mounts") / index; }

// An administrator who allows a place by its own name knows what is in it, and on what (/etc is an overlay on some
// hosts).
bool is_itself_allowed(const host::MountSource& source) {
  return std::ranges::find(source.allowed_by, source.resolved) != source.allowed_by.end();
}

// Why the source of a bind mount may not be mounted; empty when it may.
std::string objection(const host::MountSource* source, const policy::Mounts& rule) {
  if (source == nullptr || source->resolved.empty()) return "whose source can't be looked at";
  if (source->is_engine_file) return "";
  if (!source->filesystem.empty() && !is_itself_allowed(*source))
    return "whose filesystem, " + quote(source->filesystem) + ", does not tell what it gives access to";
  if (!source->contains.empty() && !is_itself_allowed(*source))
    return "which has " + quote(source->contains.front()) + " in it";
  if (!source->allowed_by.empty()) return "";
  if (!source->inside.empty()) return "which is or lies in " + quote(source->inside.front());
  if (rule.only_allowed && !source->is_volume) return "which is in no list of allowed sources";
  return "";
}

void check_source(Verdict& verdict, const oci::Mount& mount, std::size_t index, const Context& ctx) {
  const auto known = ctx.host.mount_sources.find(mount.source);
  const std::string problem =
      objection(known == ctx.host.mount_sources.end() ? nullptr : &known->second, ctx.policy.mounts);
  if (problem.empty()) return;
  verdict.refuse(pointer_to(index), "the mount " + described(mount) + ", " + problem + ",",
                 ctx.policy.mounts.only_allowed
                     ? "use a named volume, or a folder in the profile's mounts.allowed_sources"
                     : "mount a smaller folder, or have it added to the profile's "
                       "mounts.allowed_sources");
}

// Where engines put what the kernel makes. Elsewhere no masked or read-only path would cover it.
bool is_at_its_place(const oci::Mount& mount) {
  struct Place {
    std::string_view type;
    std::string_view destination;
  };
  constexpr std::array kPlaces = {Place{"proc", "/proc"},
                                  Place{"sysfs", "/sys"},
                                  Place{"devpts", "/dev/pts"},
                                  Place{"mqueue", "/dev/mqueue"},
                                  Place{"cgroup", "/sys/fs/cgroup"},
                                  Place{"cgroup2", "/sys/fs/cgroup"}};
  const auto* const found = std::ranges::find(kPlaces, mount.type, &Place::type);
  return found == kPlaces.end() || found->destination == mount.destination;
}

bool is_engine_file(const oci::Mount& mount, const Context& ctx) {
  const auto known = ctx.host.mount_sources.find(mount.source);
  return mount.is_bind() && known != ctx.host.mount_sources.end() && known->second.is_engine_file;
}

bool is_shared(const oci::Mount& mount) { return mount.has("shared") || mount.has("rshared"); }
bool is_slave(const oci::Mount& mount) { return mount.has("slave") || mount.has("rslave"); }

// Shared: what the container mounts appears on the host. Slave: what the host mounts later appears in the container,
// past the check of the source.
void check_propagation(Verdict& verdict, Options& options, const oci::Mount& mount, std::size_t index,
                       const Context& ctx) {
  // What the engine itself shares (dockerd does so for plugins) nobody asked for.
  if (is_shared(mount) && !is_engine_file(mount, ctx) && ctx.refuses(RuleId::mounts))
    return verdict.refuse(pointer_to(index), "the shared mount propagation of " + described(mount),
                          "drop bind-propagation=shared and rshared");
  if (!mount.is_bind() && !is_shared(mount) && !is_slave(mount)) return;
  // "private" alone leaves the mounts inside as they were, and the runtime's default is slave.
  for (const char* const option : {"shared", "rshared", "slave", "rslave", "private"}) options.drop(option);
  options.add("rprivate");
}

void check_tmpfs(Verdict& verdict, Options& options, const oci::Mount& mount, std::size_t index, const Context& ctx) {
  options.force("nosuid", "suid");
  if (mount.destination == "/dev") {
    // It holds the device nodes, and stays writable: not a place to run programs from.
    options.force("noexec", "exec");
    return;
  }
  options.force("nodev", "dev");
  const bool scratch_with_exec = std::ranges::any_of(ctx.policy.rootfs.scratch, [&](const policy::Scratch& scratch) {
    return scratch.exec && scratch.path == mount.destination;
  });
  if (ctx.policy.mounts.tmpfs_exec || scratch_with_exec) return;
  if (mount.has("exec") && ctx.refuses(RuleId::mounts))
    return verdict.refuse(pointer_to(index), "the executable tmpfs on " + quote(mount.destination),
                          "drop 'exec' from --tmpfs, or use a profile with mounts.tmpfs_exec");
  options.force("noexec", "exec");
}

// The host's time zone or certificates may be read, not changed.
bool is_allowed_part_of_denied(const oci::Mount& mount, const Context& ctx) {
  const auto known = ctx.host.mount_sources.find(mount.source);
  return known != ctx.host.mount_sources.end() && !known->second.is_engine_file && !known->second.inside.empty();
}

// docker-init of `--init` is there to be run; whatever else is allowed by its own name is what an administrator looked
// at.
bool is_allowed_program(const oci::Mount& mount, const Context& ctx) {
  const auto known = ctx.host.mount_sources.find(mount.source);
  if (known == ctx.host.mount_sources.end()) return false;
  // It may be a link, as Debian's docker-init is to tini-static.
  const oci::Strings& names = known->second.allowed_by;
  return is_itself_allowed(known->second) || std::ranges::find(names, mount.source) != names.end();
}

void check_bind(Verdict& verdict, Options& options, const oci::Mount& mount, std::size_t index, const Context& ctx) {
  check_source(verdict, mount, index, ctx);
  if (is_allowed_part_of_denied(mount, ctx)) options.force("ro", "rw");
  options.force("nosuid", "suid");
  options.force("nodev", "dev");
  if (ctx.policy.mounts.noexec && !is_allowed_program(mount, ctx)) options.force("noexec", "exec");
}

void check_type(Verdict& verdict, const oci::Mount& mount, std::size_t index, const Context& ctx) {
  if (!is_at_its_place(mount))
    return verdict.refuse(pointer_to(index), "the filesystem " + quote(mount.type) + " on " + quote(mount.destination),
                          "leave it where engines put it");
  if (ctx.policy.mounts.types.contains(mount.type)) return;
  verdict.refuse(pointer_to(index), "the filesystem type " + quote(mount.type) + " of the mount " + described(mount),
                 "mount it on the host and bind it, or have it added to the profile's mounts.types");
}

bool must_be_readonly(const oci::Mount& mount) {
  return mount.type == "cgroup" || mount.type == "cgroup2" || mount.type == "sysfs";
}

Options checked_options(Verdict& verdict, const oci::Mount& mount, std::size_t index, const Context& ctx) {
  Options options(mount.options);
  check_propagation(verdict, options, mount, index, ctx);
  if (mount.is_bind())
    check_bind(verdict, options, mount, index, ctx);
  else if (mount.type == "tmpfs")
    check_tmpfs(verdict, options, mount, index, ctx);
  else
    check_type(verdict, mount, index, ctx);
  if (must_be_readonly(mount)) options.force("ro", "rw");
  return options;
}

bool is_shared_root(const std::string& propagation) {
  return propagation == "shared" || propagation == "rshared" || propagation == "slave" || propagation == "rslave";
}

}  // namespace

Verdict limit_mounts(const oci::Spec& spec, const Context& ctx) {
  Verdict verdict;
  if (!ctx.host.rootfs_contains.empty())
    verdict.refuse(oci::Pointer("/root/path"),
                   "the root filesystem " + quote(spec.root_path()) + ", which has " +
                       quote(ctx.host.rootfs_contains.front()) + " in it,",
                   "run an image, or a folder that is no part of the host's own system");
  const auto mounts = spec.mounts();
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    const Options options = checked_options(verdict, mounts[i], i, ctx);
    if (options.list() != mounts[i].options)
      verdict.set(spec.value(), pointer_to(i) / "options", options.list(), "the options that the profile forces");
  }
  if (is_shared_root(spec.rootfs_propagation()))
    verdict.set(spec.value(), oci::Pointer("/linux/rootfsPropagation"), "rprivate", "mounts stay in the container");
  return verdict;
}

}  // namespace runward::harden::steps

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one container has alone, a user namespace and the mounts of its document, in two acts. `prepare` takes a range
// of host ids, holds the namespaces that it joins, and makes idmapped copies of the root filesystem's layers and of the
// sources of bind mounts. They are attached nowhere, so nothing is left of them if the container is refused, or if we
// are killed. `enter` puts them together in a mount namespace that this process, the runtime that it becomes, and the
// container have alone.
//
//   SHIM_TRY(Stage stage, Stage::prepare(request));
//   facts.staging = stage.facts();                 // the rules decide by it, and name the staged paths
//   SHIM_CHECK(stage.enter(spec));                 // after the verdict, before execve
//
// The engine's own mount of the root filesystem stays as it is: `docker cp`, `diff` and `commit` use that.
// Design: mounts made by no one can be cleaned by no one, so everything below the staging folder lies on one tmpfs of
// that private mount namespace, which ends with its last process. Only the folder itself, and an empty one inside,
// exist on the host: `runc exec` changes there to `root.path`.

#include <optional>
#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/base/unique_fd.h"
#include "shim/host/facts.h"
#include "shim/oci/spec.h"
#include "shim/policy/policy.h"
#include "shim/userns/idmap.h"
#include "shim/userns/joined.h"
#include "shim/userns/other_containers.h"
#include "shim/userns/ranges.h"

namespace runward::userns {

struct Request {
  const oci::Spec& spec;
  const policy::Policy& policy;
  const Ranges& ranges;
  Owner owner;
  std::string bundle;      // that a relative root.path begins at
  std::string folder;      // where it will be staged (staging_folder)
  bool only_look = false;  // takes no range, and is not entered: for `explain`
};

class Stage {
 public:
  // An error only for what nobody foresees; what a host or a container lacks stands in the facts.
  static Result<Stage> prepare(const Request& request);

  [[nodiscard]] const host::Staging& facts() const { return staging_; }
  // Leaves the host's mount namespace, where `hardened` names something that is staged, and says how it is to be.
  Status enter(const oci::Spec& hardened);
  // Whether the container has the user namespace.
  [[nodiscard]] bool gives_users(const oci::Spec& hardened) const;
  // The container has the range from now on. Until then it is given back when this object ends.
  void keep() { lease_.keep(); }
  [[nodiscard]] const std::optional<Lease>& lease() const { return lease_.lease(); }

 private:
  Stage() = default;
  struct Tree {
    UniqueFd fd;
    bool is_folder = true;
  };

  void stage_namespaces();
  Status prepare_users(const Request& request);
  Status take_range(const Request& request, Joined& joined);
  Status clone_rootfs(const Request& request);
  Status clone_layer(const std::string& path);
  Status clone_mounts(const oci::Spec& spec);
  [[nodiscard]] Status try_idmapped(const UniqueFd& tree, const oci::Mount& mount) const;
  [[nodiscard]] host::StagedMount next_staged(const oci::Mount& mount) const;
  void clone_mount(const oci::Mount& mount);
  Status make_sysfs(const oci::Mount& mount);
  void check_devices(const oci::Spec& spec);
  [[nodiscard]] policy::RootfsMode rootfs_mode() const;
  [[nodiscard]] bool has_users() const;
  [[nodiscard]] bool is_used(const oci::Spec& hardened) const;
  [[nodiscard]] host::UserNamespace& users() { return *staging_.user_namespace; }
  [[nodiscard]] const host::UserNamespace& users() const { return *staging_.user_namespace; }
  [[nodiscard]] Status leave_host(const oci::Spec& hardened) const;
  [[nodiscard]] std::optional<Belongings> belongings(const oci::Spec& hardened) const;
  [[nodiscard]] Status bind_namespaces(const oci::Spec& hardened) const;
  [[nodiscard]] Status mount_rootfs() const;
  [[nodiscard]] Status mount_overlay(const std::string& options) const;
  [[nodiscard]] Status make_upper() const;
  [[nodiscard]] Status attach_mounts(const oci::Spec& hardened) const;

  const policy::Policy* policy_ = nullptr;
  Holding lease_;
  host::Staging staging_;
  bool only_looks_ = false;
  std::string folder_;
  UniqueFd users_;
  Holder holder_;  // of users_
  std::vector<HeldNamespace> joined_;
  std::string root_;                  // root.path, free of symbolic links
  bool is_plain_ = false;             // a folder, no overlay
  std::string upper_;                 // the engine's, where it is written to; its parent is then the first layer
  std::vector<std::string> options_;  // of the engine's overlay, repeated
  std::vector<UniqueFd> layers_;      // idmapped, the topmost first
  std::vector<Tree> trees_;           // as staging_.mounts
};

}  // namespace runward::userns

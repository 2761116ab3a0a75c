// SPDX-License-Identifier: Apache-2.0
#pragma once

// User namespaces and idmapped mounts: thin and typed calls of the kernel (user_namespaces(7), open_tree(2),
// mount_setattr(2), move_mount(2)). Mounts made here are attached nowhere: they go with their descriptor.
//
//   SHIM_TRY(const UserNamespace users, make_user_namespace({.first = 100000, .size = 65536}));
//   SHIM_TRY(const UniqueFd clone, clone_tree(AT_FDCWD, "/srv/data", true));
//   SHIM_CHECK(make_idmapped(clone, users.fd, "/srv/data"));
//   SHIM_CHECK(attach(clone, target));

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "shim/base/result.h"
#include "shim/base/unique_fd.h"

namespace runward::userns {

struct IdRange {
  std::uint64_t first = 0;  // on the host; in the namespace it is 0
  std::uint64_t size = 0;
};

// The process that a user namespace is made with. It has been told to end; the destructor waits until it has, which
// takes as long as the machine is busy: there is something else to do meanwhile.
class Holder {
 public:
  Holder();
  Holder(Holder&& other) noexcept;
  Holder& operator=(Holder&& other) noexcept;
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder();

  Status start();
  void end() const;
  [[nodiscard]] std::string file(const std::string& name) const;  // below /proc/<pid>

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;
  pid_t pid_ = -1;
};

// A new one, which lives as long as its descriptor, or what is mapped by it.
struct UserNamespace {
  UniqueFd fd;
  Holder holder;
};
Result<UserNamespace> make_user_namespace(const IdRange& range);

// Whether the kernel has the calls below (Linux 5.12); asked without a path, since a filesystem can answer as it likes.
bool kernel_copies_mounts();

// A private copy of the mount that `path` lies on, from `path` on, with the mounts inside when `recursive`. It is of no
// peer group: what is mounted on the host later does not appear in it. Symbolic links are followed.
Result<UniqueFd> clone_tree(int directory, const std::string& path, bool recursive);

// All of the tree or nothing. EINVAL where a filesystem can't, EPERM where a mount is idmapped already.
Status make_idmapped(const UniqueFd& tree, const UniqueFd& user_namespace, const std::string& name);

// MOUNT_ATTR_RDONLY, …_NOSUID, …_NODEV, …_NOEXEC on all of the tree: a container in a user namespace can't clear them.
Status set_attributes(const UniqueFd& tree, std::uint64_t attributes, const std::string& name);

// A sysfs of that network namespace; nullptr: of our own.
Result<UniqueFd> new_sysfs(const UniqueFd* network);

// Onto an existing folder or file.
Status attach(const UniqueFd& tree, const std::string& target);

}  // namespace runward::userns

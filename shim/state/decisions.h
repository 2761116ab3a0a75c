// SPDX-License-Identifier: Apache-2.0
#pragma once

// What was decided when a container was created, kept for as long as it lives, so that `exec` and `update` go by the
// same decision and not by a policy that has changed since.
//
//   const Decisions decisions(build_info::kStateDir);
//   SHIM_CHECK(decisions.keep(decision));                              // create, just before the low-level runtime
//   SHIM_TRY(const auto decision, decisions.find(root, id));           // exec, update
//   decisions.forget(root, id);                                        // delete
//
// One file a container: <state dir>/decisions/<name of the root>-<hash of its path>/<id>.json, mode 0600, replaced by
// rename(2), so that parallel calls never read a half. The state dir lies on /run: gone at reboot, as containers are.
// It holds no environment variable and no argument.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/oci/value.h"
#include "shim/policy/store.h"

namespace runward::state {

// Which file a document was, so that a container that somebody else made under the same id is not taken for ours.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t mtime_ns = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// The user namespace that the container was given, with its lease of host ids (userns/ranges.h).
struct KeptUsers {
  std::uint64_t first = 0;
  std::uint64_t size = 0;
  std::string pool;  // of the lease; empty: it has none
  std::uint64_t number = 0;
  std::string holder;
};

struct Decision {
  std::string container;
  std::string runtime_root;  // --root, resolved
  std::string bundle;
  std::string pid_file;  // empty: none was asked for
  std::string command;   // "create", "run", "restore"
  std::string time;      // RFC 3339
  std::string image;     // empty: unknown
  std::string selected;  // why this profile
  std::string policy_hash;
  FileIdentity document;  // config.json as runward left it
  policy::PolicyText policy;
  oci::Value process;    // the first process as it was let start, without env and args
  oci::Value resources;  // linux.resources likewise
  std::optional<KeptUsers> users = std::nullopt;
};

// The parts of a hardened Process and LinuxResources that are kept.
oci::Value kept_process(const oci::Value& process);
oci::Value kept_resources(const oci::Value& resources);

std::optional<FileIdentity> identify(const std::string& path);

class Decisions {
 public:
  explicit Decisions(std::string state_dir) : state_dir_(std::move(state_dir)) {}

  [[nodiscard]] Status keep(const Decision& decision) const;
  // Nothing when runward did not create the container.
  [[nodiscard]] Result<std::optional<Decision>> find(const std::string& runtime_root, const std::string& id) const;
  void forget(const std::string& runtime_root, const std::string& id) const;
  // All of them; a file that can't be read is left out.
  [[nodiscard]] std::vector<Decision> list() const;
  // Forgets the containers of a root that its low-level runtime does not know any more (a crash, `run`, which deletes
  // by itself). At most once a minute, however often it is called; false: not this time.
  bool sweep(const std::string& runtime_root) const;

 private:
  std::string state_dir_;
};

// --root as runc takes it: its default when there is none, and without symbolic links, so that /var/run and /run are
// one.
std::string resolved_root(const std::string& runtime_root);

}  // namespace runward::state

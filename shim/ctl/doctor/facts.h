// SPDX-License-Identifier: Apache-2.0
#pragma once

// Facts: all that doctor's judges may know, as a value; probes.h and ways.h fill it. Tests write one by hand. What
// could not be found out is an Error in its place, and becomes a warning with that reason.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/ctl/apparmor_profiles.h"
#include "shim/ctl/check_config.h"
#include "shim/ctl/doctor/uid_pool.h"
#include "shim/oci/capability.h"

namespace runward::ctl::doctor {

inline Error not_looked_at() { return make_error(ErrorKind::internal, "it was not looked at"); }

// ---- the kernel

struct IdmapTrial {
  std::string filesystem;  // "ext4"
  std::string place;       // "/var/lib/docker"
  Status result = not_looked_at();
};

struct Cgroups {
  bool v2 = false;
  std::set<std::string> controllers;
  bool swap_accounting = true;
  bool cpu_quota = true;  // CONFIG_CFS_BANDWIDTH
};

struct KernelFacts {
  Status user_namespace = not_looked_at();     // one was made
  std::map<std::string, std::string> sysctls;  // "user.max_user_namespaces" → "96365"; those that exist
  std::vector<IdmapTrial> idmapped;
  Result<std::string> seccomp_actions = not_looked_at();  // "kill_process … errno … allow"
  bool apparmor_enabled = false;
  Result<std::set<std::string>> apparmor_loaded = not_looked_at();
  std::optional<std::string> apparmor_parser;  // its path
  std::optional<std::string> selinux;          // "enforcing", "permissive"; nothing: not enabled
  Result<Cgroups> cgroups = not_looked_at();
};

// ---- programs and files

struct RuntimeFacts {
  std::string configured;                           // as config.json has it: "runc"
  Result<std::string> path = not_looked_at();       // of the one that runward would find
  Status only_root_writes = not_looked_at();        // it and the folders above
  Result<std::string> says = not_looked_at();       // to --version
  Result<std::string> package = not_looked_at();    // that it belongs to; empty: to none (dpkg)
  Result<std::string> changelog = not_looked_at();  // of the package
};

struct ProgramFacts {
  std::string path;
  Status usable = not_looked_at();  // it is there, and an executable file
  Status only_root_writes = not_looked_at();
};

struct FileFact {
  std::string path;
  std::uint64_t uid = 0;
  unsigned mode = 0;  // with the type, as lstat(2) tells it
};

struct EventsFacts {
  std::string file;  // empty: none are written
  bool required = false;
  Result<FileFact> folder = not_looked_at();
  std::optional<Result<FileFact>> log;  // nothing: there is none yet
  Result<std::uint64_t> free_bytes = not_looked_at();
};

// What a profile says about AppArmor.
struct AppArmorWish {
  std::string profile;   // "default"
  std::string apparmor;  // "runward-default"
  bool required = false;
  std::optional<Result<Standing>> standing{};  // nothing: not runward's own, or this host has no AppArmor
};

// ---- engines

enum class Engine { docker, containerd, cri_o, podman };

enum class Build { same, other };  // than the runward beside runwardctl

struct RegisteredRuntime {
  std::string name;
  std::string path;
  Build build = Build::same;
  Status usable = not_looked_at();
  Status only_root_writes = not_looked_at();
};

struct EngineFacts {
  Engine engine = Engine::docker;
  std::string where;                                   // how it was found: "pid 123, docker.service, unix:///…"
  std::optional<std::string> problem;                  // why it could not be asked
  std::vector<RegisteredRuntime> runward;              // of its runtimes, those that are runward
  std::string default_runtime;                         // empty: not known
  bool serves_containers = true;                       // false: containerd below dockerd, without runtimes of its own
  std::optional<std::set<std::string>> supports_json;  // Podman's runtime_supports_json
};

// ---- ways around

enum class Way {
  through_runward,  // the control: what a hardened container looks like
  runtime_runc,
  runtime_shim,
  default_runtime,
  privileged,
  host_namespaces,
  engine_socket,
  exec,
  exec_privileged,
  update,
  ctr,
};

// What a process in a container showed of itself.
struct Seen {
  bool no_new_privileges = false;
  bool seccomp = false;
  oci::CapabilitySet bounding;
  std::set<std::string> host_namespaces;  // those that it shares with the engine: "pid"
  bool engine_socket = false;
};

// A limit after somebody asked for more than the ceiling.
struct LimitSeen {
  std::string file;   // "pids.max"
  std::string value;  // "max", "8192"
  std::uint64_t ceiling = 0;
};

struct Outcome {
  int exit_code = 0;
  std::string errors;  // what the engine said
  std::optional<Seen> seen;
  std::optional<LimitSeen> limit;
};

struct Attempt {
  Way way = Way::through_runward;
  std::string command;  // as one would type it
  Result<Outcome> outcome = not_looked_at();
};

// What the policy promises of a container's process; nothing where no rule enforces it.
struct Promise {
  bool no_new_privileges = false;
  bool seccomp = false;
  std::optional<oci::CapabilitySet> capabilities;
  std::set<std::string> namespaces;
  bool no_engine_socket = false;

  [[nodiscard]] bool empty() const {
    return !no_new_privileges && !seccomp && !capabilities && namespaces.empty() && !no_engine_socket;
  }
};

struct WaysFacts {
  bool tried = false;
  std::optional<std::string> problem;  // why not one could be tried
  Promise promise;
  std::vector<Attempt> attempts;
};

struct Facts {
  bool is_root = true;
  KernelFacts kernel;
  RuntimeFacts runtime;
  ProgramFacts program;
  std::vector<EngineFacts> engines;
  Result<std::vector<Checked>> configuration = not_looked_at();
  Result<std::vector<FileFact>> configuration_files = not_looked_at();
  std::vector<AppArmorWish> apparmor_wishes;
  EventsFacts events;
  policy::IdPool id_pool;
  Result<std::vector<IdRange>> ids_in_use = not_looked_at();  // by others than containers
  std::uint64_t ranges_taken = 0;                             // by containers
  WaysFacts ways;
};

}  // namespace runward::ctl::doctor

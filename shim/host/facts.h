// SPDX-License-Identifier: Apache-2.0
#pragma once

// HostFacts: all that the steps may know about the host, as a value; probe.h fills it. Tests write one by hand.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "shim/oci/spec.h"

namespace runward::host {

// A file or folder, whatever its name.
struct Identity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
};

// What the source of one bind mount really is, by identity (device and inode), not by name.
struct MountSource {
  Identity identity{};
  std::string resolved;               // after symbolic links; empty when it could not be looked at
  std::vector<std::string> inside;    // the denied sources that it is or lies below ("/etc")
  std::vector<std::string> contains;  // the denied sources that it has inside ("/run/docker.sock")
  std::string
      filesystem;  // a type that says nothing about what is behind it (proc, overlay …), of it or a mount inside
  std::vector<std::string> allowed_by;  // the allowed sources that it is or lies below
  bool is_volume = false;               // lies in the engine's own store of named volumes
  bool is_engine_file = false;  // a file the engine made for this container (resolv.conf, hostname, hosts, shm …)
};

// A namespace that the document joins by path.
struct NamespacePath {
  bool is_host = false;     // the namespace that runward itself runs in
  bool is_process = false;  // /proc/<pid>/ns/…: another container's, not one that the engine made for this one
  Identity identity{};
};

struct HookPath {
  std::string resolved;  // after symbolic links and /proc/<pid>/exe; empty when it could not be looked at
  bool only_root_writes = false;
};

// A folder in the container's root filesystem, as the image has it.
struct RootfsFolder {
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  unsigned mode = 0755;
  bool empty = true;
  bool has_special_files = false;  // FIFOs, sockets, devices: runc's tmpcopyup fails on them
};

// Which image and container this is, where the engine tells (docker_files.h).
struct ContainerInfo {
  std::string name{};                         // as the engine calls it: "web"
  std::string image;                          // as the user wrote it: "nginx:1.25"
  std::string image_id;                       // "sha256:…"
  std::vector<std::string> image_digests;     // repository digests: "docker.io/library/nginx@sha256:…"
  std::map<std::string, std::string> labels;  // of the container; those its image brings are left out
};

// What a running container's cgroup allows it; absent: no limit.
struct CurrentLimits {
  std::optional<std::uint64_t> memory;      // bytes
  std::optional<std::uint64_t> cpu_quota;   // microseconds a period
  std::optional<std::uint64_t> cpu_period;  // microseconds; absent: could not be read
  std::optional<std::uint64_t> pids;
};

// A bind mount of the document, copied into the namespace that only this container will see (userns/stage.h).
struct StagedMount {
  std::string source;  // as in the document, as is the destination
  std::string destination;
  std::string staged;   // where the copy will lie
  Identity identity{};  // of what was copied
  bool is_idmapped = false;
  bool is_copied = false;  // a small one that could not, where the policy wants it
  bool is_missing = false;
  std::string problem;  // why it could not be idmapped
  oci::Strings locked;  // options that the container can't clear: "nosuid", "noexec" …
};

// A namespace of another container's that is held open: the number in its path may be another process's by the time
// that the low-level runtime opens it.
struct StagedNamespace {
  std::string path;    // as in the document: "/proc/<pid>/ns/net"
  std::string staged;  // where it will be bound
  Identity identity{};
};

// A user namespace for one container, as far as it was prepared.
struct UserNamespace {
  std::uint64_t first = 0;  // the host's id for the container's 0
  std::uint64_t size = 0;
  std::string join;          // a namespace that is there already, of the container that is joined; empty: a new one
  std::string obstacle;      // why this host can give none; empty: it can
  std::string refusal;       // why this container can't have one, though others can
  std::string rootfs;        // where the staged root filesystem will be
  bool owns_network = true;  // false: the container can't mount a sysfs of it, we do
};

// What was prepared for this container alone.
struct Staging {
  std::optional<UserNamespace> user_namespace;  // nothing: not wanted by the policy, or the engine brings one
  std::vector<StagedMount> mounts;
  std::vector<StagedNamespace> namespaces;
};

// As the low-level runtime's command `features` tells it.
struct RuntimeFeatures {
  std::set<std::string> namespaces{};     // "time"
  std::set<std::string> seccomp_flags{};  // "SECCOMP_FILTER_FLAG_LOG"
};

struct HostFacts {
  std::string kernel_release;  // "6.1.0-28-amd64"
  std::uint64_t memory_bytes = 0;
  std::uint64_t cpu_count = 1;
  bool cgroup_v2 = false;
  bool swap_accounting = true;      // memory.memsw.* exist (v1; kernel parameter swapaccount=1)
  bool swap_key = false;            // cgroup v2, and memory.swap.max exists
  bool cpu_quota_supported = true;  // CONFIG_CFS_BANDWIDTH
  bool apparmor_enabled = false;
  std::set<std::string> apparmor_loaded;    // of the profiles that were asked for
  std::set<std::string> apparmor_loadable;  // likewise: not loaded, but runward can do that
  bool selinux_enabled = false;
  std::string engine_namespace;  // the last part of --root: "moby", "plugins.moby", "k8s.io"
  // What the low-level runtime knows; asked only when needed.
  std::optional<RuntimeFeatures> runtime_features = std::nullopt;
  std::vector<oci::Device> allowed_devices;  // the nodes that the policy's devices.allowed names, as the host has them
  std::vector<std::string> rootfs_contains;  // denied sources inside the root filesystem (`podman run --rootfs /`)
  // By the path as it stands in the document:
  std::map<std::string, MountSource> mount_sources;
  std::map<std::string, NamespacePath> namespace_paths;
  std::map<std::string, HookPath> hooks;
  std::map<std::string, RootfsFolder> rootfs_folders;  // by the policy's scratch path; those that the image has
  std::map<std::string, oci::Rlimit> rlimits;          // runward's own, which a container inherits; "RLIMIT_CORE" …
  std::optional<ContainerInfo> container;              // probed only when the policy needs it
  Staging staging;
  bool in_user_namespace = false;        // runward itself: its 0 is not the host's
  std::optional<CurrentLimits> current;  // on update, when its document leaves a part of a limit out
};

}  // namespace runward::host

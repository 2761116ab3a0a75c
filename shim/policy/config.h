// SPDX-License-Identifier: Apache-2.0
#pragma once

// /etc/runward/config.json: what belongs to the host. Absent: the values here hold.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "shim/base/result.h"
#include "shim/policy/policy.h"

namespace runward::policy {

struct Ceilings {
  std::optional<Amount> memory;
  std::optional<Amount> cpu;
  std::optional<Amount> pids;
  std::optional<oci::CapabilitySet> capabilities;  // no profile allows more
  std::set<RuleId> required_rules;                 // no profile may set these to audit or off
};

struct Events {
  std::string file = "/var/log/runward/events.jsonl";  // empty: none are written
  bool required = false;                               // true: a container whose event can't be written is refused
};

// Which profile applies: the first that matches, in this order: the engine's namespace, a step of an image build, what
// the container chose (only out of `choices`), the runtime's name, the image; else `standard`.
struct Selection {
  // The last part of --root → profile. Docker's managed plugins have a namespace of their own, as has BuildKit where it
  // runs its steps by containerd; nobody can put an ordinary container there who is not root anyway.
  std::map<std::string, std::string> by_namespace = {{"plugins.moby", "plugin"}, {"buildkit", "build"}};
  // RUN steps of image builds: those that BuildKit runs itself, known by the call (decide.h), and, where the runtime's
  // name selects nothing, those of Docker's classic builder, known by its record of the container
  // (host/docker_files.h), which users of Docker can imitate. Empty: as any other container.
  std::string builds = "build";
  std::set<std::string> choices;                  // profiles that a container may choose by itself …
  std::string annotation = "io.runward.profile";  // … with this annotation
  std::string label = "io.runward.profile";       // … or this label, never one that comes from its image
  std::map<std::string, std::string> by_runtime;  // argv[0]'s file name: "runward-web" → profile. Without an entry
                                                  // "runward-NAME" selects NAME, "runward" goes on
  struct ImageChoice {
    std::string image;  // as in policy::Image
    std::string profile;
  };
  std::vector<ImageChoice> by_image;
  std::string standard = "default";
};

// Host ids for the user namespaces of containers: `ranges` ranges of `size` ids, from `first` on. From 2^30 on, as one
// might choose, systemd-nspawn and systemd-nsresourced take ranges by themselves (524288…1879048191); above 2147352575
// are systemd's foreign ids, and from 2^31 on programs that read a uid as signed stumble
// (https://systemd.io/UIDS-GIDS/).
struct IdPool {
  std::uint64_t first = 0x70000000;
  std::uint64_t ranges = 4094;
  std::uint64_t size = 65536;

  [[nodiscard]] std::uint64_t end() const { return first + ranges * size; }
};

struct Config {
  std::string runtime = "runc";  // a name looked for in PATH, or an absolute path
  Mode mode = Mode::enforce;     // the host's: audit makes every rule audit, off every rule off
  Selection selection;
  IdPool id_pool;
  Ceilings ceilings;
  Events events;
  std::string text;  // the file's, for the policy's fingerprint; empty when there is none
};

}  // namespace runward::policy

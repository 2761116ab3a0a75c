// SPDX-License-Identifier: Apache-2.0
#pragma once

// The dockerd at one address: which process it is, and what it says about itself through the docker CLI.

#include <optional>
#include <string>
#include <vector>

#include "shim/ctl/dockerd.h"
#include "shim/ctl/doctor/registrations.h"

namespace runward::ctl::doctor {

struct Docker {
  std::string host;  // "unix:///var/run/docker.sock"
  std::optional<Daemon> daemon;
  std::string unit;                    // systemd's; empty: none
  std::optional<std::string> problem;  // why it did not answer
  Registrations registrations;         // its own words, else daemon.json's

  [[nodiscard]] std::string socket() const;         // empty: not a unix socket
  [[nodiscard]] std::string data_root() const;      // "/var/lib/docker" when it is not known
  [[nodiscard]] std::string path_variable() const;  // the PATH in which it looks for runtimes
};

// Nothing: there is no Docker on this host, and nobody named one.
std::optional<Docker> find_docker(const std::optional<std::string>& host);

// {"docker", "--host", HOST, arguments…}
std::vector<std::string> docker_command(const Docker& docker, const std::vector<std::string>& arguments);

}  // namespace runward::ctl::doctor

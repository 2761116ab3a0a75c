// SPDX-License-Identifier: Apache-2.0
#pragma once

// What --try makes on a host, and its removal: an image of one static program, its folder, and containers that all
// carry one label.
//
//   Workshop workshop(docker, interruption);
//   SHIM_TRY(const std::string image, workshop.image(wanted));
//   workshop.container_flags();   // for every docker run
//   … and its end removes everything.

#include <optional>
#include <string>
#include <vector>

#include "shim/ctl/doctor/docker.h"
#include "shim/ctl/doctor/spawn.h"

namespace runward::ctl::doctor {

class Workshop {
 public:
  Workshop(const Docker& docker, Interruption& interruption);
  ~Workshop();
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  // `wanted`, else one made of the host's static busybox, else one that is there and has a shell.
  Result<std::string> image(const std::optional<std::string>& wanted);
  // The folder that the image was made of; empty when it was not.
  [[nodiscard]] const std::string& rootfs() const { return rootfs_; }

  // By which its containers are known again.
  [[nodiscard]] std::vector<std::string> container_flags() const;

  // With a patience for containers on a slow machine.
  Result<Ran> docker(const std::vector<std::string>& arguments);
  Result<Ran> ctr(const std::vector<std::string>& arguments);

  // ctr's containers lie in a containerd namespace of their own.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  Result<std::string> make_image(const std::string& busybox);
  Status make_rootfs(const std::string& busybox);
  Result<std::string> find_image();
  bool remove_containers();
  void remove_ctr();

  const Docker& docker_;
  Interruption& interruption_;
  std::string name_;    // "runward-doctor-1234"
  std::string folder_;  // empty: none was made
  std::string rootfs_;
  std::string made_image_;
  std::string containerd_;  // its socket, once ctr was used
};

}  // namespace runward::ctl::doctor

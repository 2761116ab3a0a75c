// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which image and container this is, out of Docker's own files: the runtime's document tells neither.
//
//   SHIM_TRY(const auto container, read_docker_files(spec.root_path(), container_id));   // nothing: not Docker
//
// Docker keeps <data root>/containers/<id>/config.v2.json. The data root is found by walking up from the root
// filesystem
// (<data root>/overlay2/<x>/merged, <data root>/rootfs/overlayfs/<id>): root.path is the engine's own choice. The
// sources of the resolv.conf, hostname and hosts mounts would lead there too, but a user may put any file of the host
// in their place with -v, so they are not looked at. Each file and folder on the way from the data root must be root's
// alone, and the file must name the container's id.

#include <optional>
#include <string>

#include "shim/base/result.h"
#include "shim/host/facts.h"

namespace runward::host {

// Labels are the container's own only: one that the image brings with the same value says nothing about whoever started
// the container, and none counts when the image can't be read, or can be read in two ways.
Result<std::optional<ContainerInfo>> read_docker_files(const std::string& rootfs_path, const std::string& container_id);

// Whether this container is a RUN step of Docker's classic builder (DOCKER_BUILDKIT=0). It has no name or label for
// that; it is known by what the builder alone asks for: no log, an image by its id. Somebody who may call `docker run`
// can ask for the same, so nothing else counts as one: no mount, port, device, capability or option of the user's, and
// no restart. What such a container can do, a RUN step of his could do as well, and nobody may enter it later
// (running_container.cc). Files that can't be read tell of none.
bool is_classic_build_step(const std::string& rootfs_path, const std::string& container_id);

}  // namespace runward::host

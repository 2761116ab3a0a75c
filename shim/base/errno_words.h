// SPDX-License-Identifier: Apache-2.0
#pragma once

// errno in words of our own. strerror(3) must not reach an engine: Docker and Podman search a runtime's message for
// "permission denied", "no such file or directory", "is a directory", … and then report the *container's command* as
// the culprit, with exit code 126 or 127 (moby daemon/start.go, translateContainerdStartErr).

#include <string>

namespace runward {

std::string errno_words(int number);

}  // namespace runward

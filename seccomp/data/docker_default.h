// SPDX-License-Identifier: Apache-2.0
#pragma once

// The seccomp filter that Docker 26.1 (Debian 13) gives to a container whose user asked for nothing, in OCI form as it
// arrives at the runtime: what people compare a filter with. A test holds it against the captured document
// tests/golden/docker-26.1/plain.json.

#include <string_view>

namespace runward::seccomp {

std::string_view docker_default_json();

}  // namespace runward::seccomp

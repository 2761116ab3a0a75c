// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a running runwardctl has ready for the one container that it starts: a JSON file that only root can write and
// that runwardctl holds locked (flock) while it runs, so that it is void when that ends, however it does. Its member
// "id_file" names the file to which Docker writes the container's id before it starts it, in a folder that only root
// can enter: no other container has that id. So nobody else who may start containers can have what is in the file.

#include <string>

#include "shim/base/result.h"
#include "shim/oci/value.h"

namespace runward {

// An error where it is void, or for another container.
Result<oci::Value> read_held(const std::string& path, const std::string& container_id);

// Of an object; empty where there is no such text.
std::string text_of(const oci::Value& json, std::string_view key);

}  // namespace runward

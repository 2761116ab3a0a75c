// SPDX-License-Identifier: Apache-2.0
#pragma once

// bpf(2), as far as the recorder needs it: maps, programs on raw tracepoints, and reading a map from outside. Nothing
// is pinned: maps and programs end with the descriptors, and so with the process, however it ends.

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "shim/base/result.h"
#include "shim/base/unique_fd.h"

namespace runward::profiles::record {

struct MapShape {
  bpf_map_type type = BPF_MAP_TYPE_HASH;
  std::uint32_t key_size = 0;
  std::uint32_t value_size = 0;
  std::uint32_t max_entries = 0;
};
Result<UniqueFd> create_map(const MapShape& shape, const std::string& name);

// `license` as the kernel wants it for the helpers that it gives to GPL-compatible programs only.
Result<UniqueFd> load_program(std::span<const bpf_insn> code, const std::string& name, const char* license);

// The link; the program runs until it is closed.
Result<UniqueFd> attach_raw_tracepoint(const UniqueFd& program, const std::string& tracepoint);

// false: there is no further one.
bool next_key(int map, const void* key, void* next);
bool look_up(int map, const void* key, void* value);

// All entries, while the programs may go on adding some.
template <typename Key, typename Value>
std::vector<std::pair<Key, Value>> read_map(const UniqueFd& map) {
  static_assert(std::is_trivially_copyable_v<Key> && std::is_trivially_copyable_v<Value>);
  std::vector<std::pair<Key, Value>> entries;
  Key key{};
  Value value{};
  for (bool more = next_key(map.get(), nullptr, &key); more;) {
    if (look_up(map.get(), &key, &value)) entries.emplace_back(key, value);
    const Key last = key;
    more = next_key(map.get(), &last, &key);
  }
  return entries;
}

}  // namespace runward::profiles::record

// SPDX-License-Identifier: Apache-2.0
#include "profiles/recorder/bpf.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace runward::profiles::record {
namespace {

long bpf(bpf_cmd command, bpf_attr& attributes) { return ::syscall(SYS_bpf, command, &attributes, sizeof attributes); }

std::uint64_t address_of(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

void set_name(std::span<char> target, const std::string& name) {
  std::copy_n(name.begin(), std::min(name.size(), target.size() - 1), target.begin());
}

// What the verifier said last: the reason of its refusal.
std::string last_lines(const std::string& log) {
  constexpr std::size_t kMost = 300;
  std::string text = log.substr(0, log.find('\0'));
  if (text.size() > kMost) text.erase(0, text.size() - kMost);
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace

Result<UniqueFd> create_map(const MapShape& shape, const std::string& name) {
  bpf_attr attributes{};
  attributes.map_type = shape.type;
  attributes.key_size = shape.key_size;
  attributes.value_size = shape.value_size;
  attributes.max_entries = shape.max_entries;
  set_name(attributes.map_name, name);
  UniqueFd map(static_cast<int>(bpf(BPF_MAP_CREATE, attributes)));
  if (!map) return errno_error("make BPF map", name);
  return map;
}

Result<UniqueFd> load_program(std::span<const bpf_insn> code, const std::string& name, const char* license) {
  constexpr std::size_t kLogSize = std::size_t{64} << 10U;
  std::string log(kLogSize, '\0');
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
  attributes.insns = address_of(code.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(code.size());
  attributes.license = address_of(license);
  set_name(attributes.prog_name, name);
  UniqueFd program(static_cast<int>(bpf(BPF_PROG_LOAD, attributes)));
  if (program) return program;
  // Again for the verifier's words; without a log the first time, since that is quicker.
  const int saved_errno = errno;
  attributes.log_level = 1;
  attributes.log_buf = address_of(log.data());
  attributes.log_size = kLogSize;
  program = UniqueFd(static_cast<int>(bpf(BPF_PROG_LOAD, attributes)));
  if (program) return program;
  Error error = errno_error("load BPF program", name, saved_errno);
  if (log[0] != '\0') error.message.append(" (").append(last_lines(log)).append(")");
  return error;
}

Result<UniqueFd> attach_raw_tracepoint(const UniqueFd& program, const std::string& tracepoint) {
  bpf_attr attributes{};
  attributes.raw_tracepoint.name = address_of(tracepoint.c_str());
  attributes.raw_tracepoint.prog_fd = static_cast<std::uint32_t>(program.get());
  UniqueFd link(static_cast<int>(bpf(BPF_RAW_TRACEPOINT_OPEN, attributes)));
  if (!link) return errno_error("attach to tracepoint", tracepoint);
  return link;
}

bool next_key(int map, const void* key, void* next) {
  bpf_attr attributes{};
  attributes.map_fd = static_cast<std::uint32_t>(map);
  attributes.key = address_of(key);
  attributes.next_key = address_of(next);
  return bpf(BPF_MAP_GET_NEXT_KEY, attributes) == 0;
}

bool look_up(int map, const void* key, void* value) {
  bpf_attr attributes{};
  attributes.map_fd = static_cast<std::uint32_t>(map);
  attributes.key = address_of(key);
  attributes.value = address_of(value);
  return bpf(BPF_MAP_LOOKUP_ELEM, attributes) == 0;
}

}  // namespace runward::profiles::record

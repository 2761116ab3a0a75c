// SPDX-License-Identifier: Apache-2.0
#include "profiles/recorder/call_watch.h"

#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>

#include "profiles/recorder/bpf.h"
#include "profiles/recorder/call_names.h"

namespace runward::profiles::record {
namespace {

utsname system_name() {
  utsname name{};
  ::uname(&name);
  return name;
}

// Before Linux 5.11 maps count as locked memory.
void allow_locked_memory() {
  const rlimit unlimited{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
  ::setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

std::vector<WatchedArguments> watched_arguments() {
  std::vector<WatchedArguments> watched;
  for (const RecordedArguments& recorded : kRecordedArguments)
    if (const auto number = number_of_call(recorded.call, machine()))
      watched.push_back({.number = *number,
                         .arguments = recorded.arguments,
                         .count = recorded.count,
                         .wide = recorded.call == "clone"});
  return watched;
}

template <typename Key>
constexpr MapShape counts_of(std::uint32_t max_entries) {
  return {.key_size = sizeof(Key), .value_size = sizeof(std::uint64_t), .max_entries = max_entries};
}

}  // namespace

std::string_view text_of(const Comm& comm) {
  return {comm.data(), static_cast<std::size_t>(std::ranges::find(comm, '\0') - comm.begin())};
}

std::string machine() {
  const utsname name = system_name();
  return &name.machine[0];
}

std::string kernel_release() {
  const utsname name = system_name();
  return &name.release[0];
}

Status CallWatch::make_maps() {
  SHIM_TRY(tasks_,
           create_map({.key_size = sizeof(TaskKey), .value_size = sizeof(Task), .max_entries = kMaxTasks}, "rw_tasks"));
  SHIM_TRY(calls_, create_map(counts_of<CallKey>(kMaxCalls), "rw_calls"));
  SHIM_TRY(arguments_, create_map(counts_of<ArgumentKey>(kMaxArguments), "rw_arguments"));
  SHIM_TRY(capabilities_, create_map(counts_of<CapabilityKey>(kMaxCapabilities), "rw_caps"));
  SHIM_TRY(users_, create_map(counts_of<UserKey>(kMaxUsers), "rw_users"));
  SHIM_TRY(ended_, create_map({.type = BPF_MAP_TYPE_LRU_HASH,
                               .key_size = sizeof(EndedKey),
                               .value_size = sizeof(Comm),
                               .max_entries = kMaxEnded},
                              "rw_ended"));
  SHIM_TRY(counters_, create_map({.type = BPF_MAP_TYPE_ARRAY,
                                  .key_size = sizeof(std::uint32_t),
                                  .value_size = sizeof(std::uint64_t),
                                  .max_entries = kCounters},
                                 "rw_counters"));
  return ok();
}

Maps CallWatch::maps() const {
  return {.tasks = tasks_.get(),
          .calls = calls_.get(),
          .arguments = arguments_.get(),
          .capabilities = capabilities_.get(),
          .users = users_.get(),
          .ended = ended_.get(),
          .counters = counters_.get()};
}

Status CallWatch::attach(const std::vector<bpf_insn>& code, const char* tracepoint) {
  SHIM_TRY(const UniqueFd program, load_program(code, "runward_record", kProgramLicense));
  SHIM_TRY(UniqueFd link, attach_raw_tracepoint(program, tracepoint));
  links_.push_back(std::move(link));
  return ok();
}

Result<CallWatch> CallWatch::begin(const PidNamespace& container) {
  const auto layout = layout_of(machine(), kernel_release());
  if (!layout) return make_error(ErrorKind::unsupported, "recording on '" + machine() + "' is not supported");
  allow_locked_memory();
  CallWatch watch;
  SHIM_CHECK(watch.make_maps());
  const Maps maps = watch.maps();
  // The one that adds tasks comes last: the others have nothing to do until then.
  SHIM_CHECK(watch.attach(on_fork(maps), "sched_process_fork"));
  SHIM_CHECK(watch.attach(on_exec(maps), "sched_process_exec"));
  SHIM_CHECK(watch.attach(on_exit(maps), "sched_process_exit"));
  SHIM_CHECK(watch.attach(on_signal(maps, container), "signal_deliver"));
  watch.sees_capabilities_ = static_cast<bool>(watch.attach(on_capability(maps), "cap_capable"));
  SHIM_CHECK(watch.attach(on_call(maps, container, *layout, watched_arguments()), "sys_enter"));
  return watch;
}

std::uint64_t CallWatch::counter(Counter which) const {
  const auto index = static_cast<std::uint32_t>(which);
  std::uint64_t value = 0;
  look_up(counters_.get(), &index, &value);
  return value;
}

std::string CallWatch::name_of_ended(pid_t pid) const {
  const auto key = static_cast<EndedKey>(pid);
  Comm comm{};
  return look_up(ended_.get(), &key, &comm) ? std::string(text_of(comm)) : std::string();
}

Counted<CallKey> CallWatch::read_calls() const { return read_map<CallKey, std::uint64_t>(calls_); }

SeenCalls CallWatch::read() const {
  return {.calls = read_calls(),
          .arguments = read_map<ArgumentKey, std::uint64_t>(arguments_),
          .capabilities = read_map<CapabilityKey, std::uint64_t>(capabilities_),
          .users = read_map<UserKey, std::uint64_t>(users_),
          .lost = {.calls = counter(Counter::lost_calls),
                   .arguments = counter(Counter::lost_arguments),
                   .files = 0,
                   .capabilities = counter(Counter::lost_capabilities),
                   .processes = counter(Counter::lost_tasks) + counter(Counter::lost_users)}};
}

}  // namespace runward::profiles::record

// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
#include "profiles/recorder/watch_programs.h"

#include <charconv>
#include <cstddef>

#include "profiles/recorder/bpf_code.h"

namespace runward::profiles::record {
namespace {

// --- the stack: everything that a helper is given a pointer to -----------------------------

constexpr std::int16_t kTaskPointer = -8;
constexpr std::int16_t kIds = -16;          // struct bpf_pidns_info
constexpr std::int16_t kTask = -40;         // Task
constexpr std::int16_t kCallKey = -64;      // CallKey or CapabilityKey
constexpr std::int16_t kArgumentKey = -96;  // ArgumentKey
constexpr std::int16_t kOne = -104;         // what a new counter begins with
constexpr std::int16_t kIndex = -112;       // of a counter
constexpr std::int16_t kScratch = -120;
constexpr std::int16_t kCommInTask = 8;
constexpr std::int16_t kCommInKey = 8;

static_assert(sizeof(Task) == 24 && offsetof(Task, comm) == kCommInTask);
static_assert(sizeof(CallKey) == 24 && offsetof(CallKey, comm) == kCommInKey);
static_assert(sizeof(CapabilityKey) == 24 && offsetof(CapabilityKey, comm) == kCommInKey);
static_assert(sizeof(ArgumentKey) == 32 && offsetof(ArgumentKey, values) == 8);

constexpr std::int16_t at(std::int16_t base, std::size_t offset) {
  return static_cast<std::int16_t>(base + static_cast<std::int16_t>(offset));
}

// The registers that hold for a whole program.
constexpr Reg kContext = Reg::r6;
constexpr Reg kKnownTask = Reg::r7;  // Task in the map, while that is looked at

class Program : public Code {
 public:
  explicit Program(const Maps& maps) : maps_(maps) {
    move(kContext, Reg::r1);
    store_value(Width::double_word, Reg::r10, kOne, 1);
  }

  // to = argument `index` of the tracepoint
  void tracepoint_argument(Reg to, std::size_t index) {
    load(Width::double_word, to, kContext, static_cast<std::int16_t>(index * sizeof(std::uint64_t)));
  }

  void stack_address(Reg to, std::int16_t offset) {
    move(to, Reg::r10);
    add_to(to, offset);
  }

  // r0 = the address of the entry, or 0
  void look_up(int map, std::int16_t key) {
    set_map(Reg::r1, map);
    stack_address(Reg::r2, key);
    call(BPF_FUNC_map_lookup_elem);
  }

  void update(int map, std::int16_t key, std::int16_t value, std::int32_t flags) {
    set_map(Reg::r1, map);
    stack_address(Reg::r2, key);
    stack_address(Reg::r3, value);
    set(Reg::r4, flags);
    call(BPF_FUNC_map_update_elem);
  }

  void add_one(Reg entry) {
    set(Reg::r1, 1);
    add_atomically(entry, 0, Reg::r1);
  }

  void count(Counter counter) {
    const Label end = new_label();
    store_value(Width::word, Reg::r10, kIndex, static_cast<std::int32_t>(counter));
    look_up(maps_.counters, kIndex);
    jump_if(Jump::equal, Reg::r0, 0, end);
    add_one(Reg::r0);
    bind(end);
  }

  // One more of the key; two CPUs may want to make its entry at the same time.
  void count(int map, std::int16_t key, Counter lost) {
    const Label there = new_label();
    const Label end = new_label();
    look_up(map, key);
    jump_if(Jump::not_equal, Reg::r0, 0, there);
    update(map, key, kOne, BPF_NOEXIST);
    jump_if(Jump::equal, Reg::r0, 0, end);
    look_up(map, key);
    jump_if(Jump::not_equal, Reg::r0, 0, there);
    count(lost);
    jump(end);
    bind(there);
    add_one(Reg::r0);
    bind(end);
  }

  // r0 = the entry of the current task, or 0
  void find_current_task() {
    call(BPF_FUNC_get_current_task);
    store(Width::double_word, Reg::r10, kTaskPointer, Reg::r0);
    look_up(maps_.tasks, kTaskPointer);
  }

  // r0 = 0: the current task is in the container's pid namespace, and its ids lie at kIds
  void find_ids(const PidNamespace& container) {
    set_wide(Reg::r1, container.device);
    set_wide(Reg::r2, container.inode);
    stack_address(Reg::r3, kIds);
    set(Reg::r4, sizeof(bpf_pidns_info));
    call(BPF_FUNC_get_ns_current_pid_tgid);
  }

  // From an entry of the map to the stack.
  void copy_task(Reg entry) {
    for (const std::int16_t offset : std::array<std::int16_t, 3>{0, 8, 16}) {
      load(Width::double_word, Reg::r1, entry, offset);
      store(Width::double_word, Reg::r10, at(kTask, static_cast<std::size_t>(offset)), Reg::r1);
    }
  }

  void copy_comm(std::int16_t key) {
    for (const std::int16_t offset : std::array<std::int16_t, 2>{0, 8}) {
      load(Width::double_word, Reg::r1, Reg::r10, static_cast<std::int16_t>(kTask + kCommInTask + offset));
      store(Width::double_word, Reg::r10, static_cast<std::int16_t>(key + kCommInKey + offset), Reg::r1);
    }
  }

  void keep_task(std::int16_t key) {
    const Label end = new_label();
    update(maps_.tasks, key, kTask, BPF_ANY);
    jump_if(Jump::equal, Reg::r0, 0, end);
    count(Counter::lost_tasks);
    bind(end);
  }

  // to = the state at kTask, as it counts for calls
  void state_for_calls(Reg to) {
    const Label end = new_label();
    load(Width::word, to, Reg::r10, kTask);
    jump_if(Jump::not_equal, to, static_cast<std::int32_t>(State::application), end);
    store_value(Width::word, Reg::r10, kIndex, static_cast<std::int32_t>(Counter::shutdown));
    look_up(maps_.counters, kIndex);
    jump_if(Jump::equal, Reg::r0, 0, end);
    load(Width::double_word, Reg::r1, Reg::r0, 0);
    jump_if(Jump::equal, Reg::r1, 0, end);
    set(to, static_cast<std::int32_t>(State::shutdown));
    bind(end);
  }

  // The kernel's memory at `from` + offset to the stack; what is no address of it reads as zeros.
  void read_kernel(std::int16_t to, std::int32_t size, Reg from, std::int32_t offset) {
    stack_address(Reg::r1, to);
    set(Reg::r2, size);
    move(Reg::r3, from);
    add_to(Reg::r3, offset);
    call(BPF_FUNC_probe_read_kernel);
  }

 protected:
  const Maps& maps_;
};

constexpr Reg kState = Reg::r8;
constexpr Reg kNumber = Reg::r9;

// A task that came in from outside. pid 1 is the container's own first process.
void meet_new_task(Program& program, const PidNamespace& container, Label end) {
  const Label keep = program.new_label();
  program.find_ids(container);
  program.jump_if(Jump::not_equal, Reg::r0, 0, end);
  program.store_value(Width::double_word, Reg::r10, kTask, static_cast<std::int32_t>(State::starting));
  program.load(Width::word, Reg::r1, Reg::r10, at(kIds, offsetof(bpf_pidns_info, tgid)));
  program.jump_if(Jump::equal, Reg::r1, 1, keep);
  program.store_value(Width::double_word, Reg::r10, kTask, static_cast<std::int32_t>(State::exec_starting));
  program.bind(keep);
  program.stack_address(Reg::r1, kTask + kCommInTask);
  program.set(Reg::r2, sizeof(Comm));
  program.call(BPF_FUNC_get_current_comm);
  program.keep_task(kTaskPointer);
}

void count_arguments(Program& program, const Maps& maps, const Layout& layout, const WatchedArguments& watched) {
  const Label next = program.new_label();
  program.jump_if32(Jump::not_equal, kNumber, static_cast<std::int32_t>(watched.number), next);
  program.store(Width::word, Reg::r10, kArgumentKey, kNumber);
  program.store(Width::word, Reg::r10, at(kArgumentKey, offsetof(ArgumentKey, state)), kState);
  for (std::size_t i = 0; i < 3; ++i) program.store_value(Width::double_word, Reg::r10, at(kArgumentKey, 8 + 8 * i), 0);
  for (std::size_t i = 0; i < watched.count; ++i) {
    program.tracepoint_argument(kKnownTask, 0);
    program.read_kernel(at(kArgumentKey, 8 + 8 * i), watched.wide && i == 0 ? 8 : 4, kKnownTask,
                        layout.argument_offset.at(watched.arguments.at(i)));
  }
  program.count(maps.arguments, kArgumentKey, Counter::lost_arguments);
  program.bind(next);
}

bool is_older_than(std::string_view release, unsigned major, unsigned minor) {
  unsigned its_major = 0;
  unsigned its_minor = 0;
  const char* const end = release.data() + release.size();
  const auto [dot, error] = std::from_chars(release.data(), end, its_major);
  if (error != std::errc() || dot == end) return true;
  std::from_chars(dot + 1, end, its_minor);
  return its_major < major || (its_major == major && its_minor < minor);
}

}  // namespace

std::optional<Layout> layout_of(std::string_view machine, std::string_view kernel_release) {
  // arch/x86/include/asm/ptrace.h: di, si, dx, r10, r8, r9. thread_info.status comes after `flags`, and since 5.11
  // after `syscall_work` too; TS_COMPAT.
  if (machine == "x86_64")
    return Layout{.argument_offset = {112, 104, 96, 56, 72, 64},
                  .compat_offset = static_cast<std::uint16_t>(is_older_than(kernel_release, 5, 11) ? 8 : 16),
                  .compat_mask = 0x2};
  // arch/arm64/include/asm/ptrace.h: regs[0] to regs[5]. thread_info.flags comes first; TIF_32BIT.
  if (machine == "aarch64")
    return Layout{.argument_offset = {0, 8, 16, 24, 32, 40}, .compat_offset = 0, .compat_mask = 1 << 22};
  return std::nullopt;
}

// sys_enter: struct pt_regs* regs, long number
std::vector<bpf_insn> on_call(const Maps& maps, const PidNamespace& container, const Layout& layout,
                              const std::vector<WatchedArguments>& watched) {
  Program program(maps);
  const Label known = program.new_label();
  const Label is_kept = program.new_label();
  const Label end = program.new_label();
  program.find_current_task();
  program.jump_if(Jump::not_equal, Reg::r0, 0, known);
  meet_new_task(program, container, end);
  program.jump(is_kept);
  program.bind(known);
  program.copy_task(Reg::r0);
  program.bind(is_kept);

  program.state_for_calls(kState);
  program.tracepoint_argument(kNumber, 1);
  program.store_value(Width::double_word, Reg::r10, kScratch, 0);
  program.load(Width::double_word, kKnownTask, Reg::r10, kTaskPointer);
  program.read_kernel(kScratch, 4, kKnownTask, layout.compat_offset);
  const Label native = program.new_label();
  program.store(Width::word, Reg::r10, kCallKey, kNumber);
  program.store(Width::word, Reg::r10, at(kCallKey, offsetof(CallKey, state)), kState);
  program.copy_comm(kCallKey);
  program.load(Width::word, Reg::r1, Reg::r10, kScratch);
  program.and_with(Reg::r1, layout.compat_mask);
  program.jump_if(Jump::equal, Reg::r1, 0, native);
  // The upper half of the word that holds the state, little-endian, is the ABI.
  program.move(Reg::r1, kState);
  program.add_to(Reg::r1, static_cast<std::int32_t>(Abi::compat) << 16);
  program.store(Width::word, Reg::r10, at(kCallKey, offsetof(CallKey, state)), Reg::r1);
  program.count(maps.calls, kCallKey, Counter::lost_calls);
  program.jump(end);
  program.bind(native);
  program.count(maps.calls, kCallKey, Counter::lost_calls);
  for (const WatchedArguments& call : watched) count_arguments(program, maps, layout, call);
  program.bind(end);
  program.leave();
  return program.finish();
}

// sched_process_fork: struct task_struct* parent, struct task_struct* child
std::vector<bpf_insn> on_fork(const Maps& maps) {
  Program program(maps);
  const Label end = program.new_label();
  program.tracepoint_argument(Reg::r1, 0);
  program.store(Width::double_word, Reg::r10, kTaskPointer, Reg::r1);
  program.look_up(maps.tasks, kTaskPointer);
  program.jump_if(Jump::equal, Reg::r0, 0, end);
  program.copy_task(Reg::r0);
  program.tracepoint_argument(Reg::r1, 1);
  program.store(Width::double_word, Reg::r10, kTaskPointer, Reg::r1);
  program.keep_task(kTaskPointer);
  program.bind(end);
  program.leave();
  return program.finish();
}

// sched_process_exec: struct task_struct* task, …; only after it succeeded, when comm is the new executable's
std::vector<bpf_insn> on_exec(const Maps& maps) {
  Program program(maps);
  const Label end = program.new_label();
  const Label has_state = program.new_label();
  program.find_current_task();
  program.jump_if(Jump::equal, Reg::r0, 0, end);
  program.move(kKnownTask, Reg::r0);
  program.load(Width::word, kState, kKnownTask, 0);
  for (const auto& [from, to] : {std::pair{State::starting, State::application}, {State::exec_starting, State::exec}}) {
    const Label next = program.new_label();
    program.jump_if(Jump::not_equal, kState, static_cast<std::int32_t>(from), next);
    program.store_value(Width::word, kKnownTask, 0, static_cast<std::int32_t>(to));
    program.jump(has_state);
    program.bind(next);
  }
  // By the name "exe" programs start themselves again through /proc/self/exe, as busybox does for each of its commands:
  // that is the executable that it was before.
  constexpr std::int32_t kExe = 'e' | 'x' << 8 | 'e' << 16;
  program.stack_address(Reg::r1, kTask + kCommInTask);
  program.set(Reg::r2, sizeof(Comm));
  program.call(BPF_FUNC_get_current_comm);
  program.load(Width::word, Reg::r1, Reg::r10, kTask + kCommInTask);
  program.jump_if32(Jump::equal, Reg::r1, kExe, end);
  program.bind(has_state);
  program.stack_address(Reg::r1, kTask + kCommInTask);
  program.set(Reg::r2, sizeof(Comm));
  program.call(BPF_FUNC_get_current_comm);
  for (const std::int16_t offset : std::array<std::int16_t, 2>{0, 8}) {
    program.load(Width::double_word, Reg::r1, Reg::r10, static_cast<std::int16_t>(kTask + kCommInTask + offset));
    program.store(Width::double_word, kKnownTask, static_cast<std::int16_t>(kCommInTask + offset), Reg::r1);
  }
  program.bind(end);
  program.leave();
  return program.finish();
}

// sched_process_exit: struct task_struct* task, which is the current one
std::vector<bpf_insn> on_exit(const Maps& maps) {
  Program program(maps);
  const Label end = program.new_label();
  const Label runtimes = program.new_label();
  program.find_current_task();
  program.jump_if(Jump::equal, Reg::r0, 0, end);
  program.copy_task(Reg::r0);
  program.call(BPF_FUNC_get_current_pid_tgid);
  program.shift_right(Reg::r0, 32);
  program.store(Width::word, Reg::r10, kIndex, Reg::r0);
  program.update(maps.ended, kIndex, kTask + kCommInTask, BPF_ANY);
  program.load(Width::word, Reg::r1, Reg::r10, kTask);
  program.jump_if(Jump::equal, Reg::r1, static_cast<std::int32_t>(State::starting), runtimes);
  program.jump_if(Jump::equal, Reg::r1, static_cast<std::int32_t>(State::exec_starting), runtimes);
  program.call(BPF_FUNC_get_current_uid_gid);
  program.store(Width::double_word, Reg::r10, kScratch, Reg::r0);
  program.count(maps.users, kScratch, Counter::lost_users);
  program.bind(runtimes);
  program.set_map(Reg::r1, maps.tasks);
  program.stack_address(Reg::r2, kTaskPointer);
  program.call(BPF_FUNC_map_delete_elem);
  program.bind(end);
  program.leave();
  return program.finish();
}

// signal_deliver: int signal, …; to the first process, by which engines ask a container to end
std::vector<bpf_insn> on_signal(const Maps& maps, const PidNamespace& container) {
  constexpr std::int32_t kSigInt = 2;
  constexpr std::int32_t kSigQuit = 3;
  constexpr std::int32_t kSigTerm = 15;
  Program program(maps);
  const Label end = program.new_label();
  const Label asks = program.new_label();
  program.tracepoint_argument(Reg::r1, 0);
  for (const std::int32_t signal : {kSigInt, kSigQuit, kSigTerm}) program.jump_if32(Jump::equal, Reg::r1, signal, asks);
  program.jump(end);
  program.bind(asks);
  program.find_ids(container);
  program.jump_if(Jump::not_equal, Reg::r0, 0, end);
  program.load(Width::word, Reg::r1, Reg::r10, at(kIds, offsetof(bpf_pidns_info, tgid)));
  program.jump_if(Jump::not_equal, Reg::r1, 1, end);
  program.count(Counter::shutdown);
  program.bind(end);
  program.leave();
  return program.finish();
}

// cap_capable: const struct cred*, struct user_namespace*, struct user_namespace*, int capability, int result
std::vector<bpf_insn> on_capability(const Maps& maps) {
  Program program(maps);
  const Label end = program.new_label();
  program.tracepoint_argument(Reg::r1, 4);
  program.jump_if32(Jump::not_equal, Reg::r1, 0, end);
  program.find_current_task();
  program.jump_if(Jump::equal, Reg::r0, 0, end);
  program.copy_task(Reg::r0);
  program.state_for_calls(kState);
  program.tracepoint_argument(Reg::r1, 3);
  program.store(Width::word, Reg::r10, kCallKey, Reg::r1);
  program.store(Width::word, Reg::r10, at(kCallKey, offsetof(CapabilityKey, state)), kState);
  program.copy_comm(kCallKey);
  program.count(maps.capabilities, kCallKey, Counter::lost_capabilities);
  program.bind(end);
  program.leave();
  return program.finish();
}

}  // namespace runward::profiles::record
